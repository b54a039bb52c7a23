import { Metadata, status, type handleServerStreamingCall, type handleUnaryCall, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import type { GatewayContext } from '../gateway-context';
import type { RequestGuard } from '../http/request-guard';
import { traceHeader, traceIdOf } from '@weir/contracts';
import type { Tracing } from '@weir/platform';
import { problems } from '../http/problem';
import { normalised } from '../http/request-traces';
import type { Principal, Role } from '../roles';
import type { Message } from './descriptor-set';
import { statusOf } from './status';

export interface CallContext { readonly gateway: GatewayContext; readonly guard: RequestGuard; readonly count: (method: string, code: number) => void }
export type Stream = ServerWritableStream<Message, Message>;

/** A call with one answer, behind the guard. `role` null: open to all. */
export function unary(context: CallContext, method: string, role: Role, answer: (request: Message, caller: Caller) => Promise<Message>): handleUnaryCall<Message, Message> {
  return (call, callback) => {
    const { guard } = context;
    if (!guard.enterCall()) return callback(statusOf(problems.overloaded('as many requests as allowed are being answered')));
    let traced: ReturnType<typeof traceCall> | undefined;
    const fail = (error: unknown): void => {
      guard.leaveCall();
      const told = failed(context, { method, traceparent: traced?.traceparent }, error);
      traced?.span?.end({ attributes: { 'rpc.grpc.status_code': told.code }, error: told.ours ? told.details : undefined });
      callback(told);
    };
    guard.identify({ authorization: authorizationOf(call), address: addressOf(call) }, [role], (error, principal) => {
      if (principal === undefined) return fail(error);
      traced = traceCall(context, method, textIn(call.metadata, traceHeader));
      answer(call.request, { principal, traceparent: traced.traceparent }).then((message) => {
        guard.leaveCall();
        context.count(method, status.OK);
        traced?.span?.end({ attributes: { 'rpc.grpc.status_code': status.OK } });
        callback(null, message);
      }, fail);
    });
  };
}

/** A call whose answers come as they come; `open` gives the way to end it. At most `streamClientsMax` are open. */
export function streaming(context: CallContext, method: string, role: Role | null, streams: OpenStreams, open: (call: Stream) => () => void): handleServerStreamingCall<Message, Message> {
  return (call) => {
    const fail = (error: unknown): void => { call.emit('error', failed(context, { method, traceparent: undefined }, error)); };
    const begin = (): void => {
      if (!streams.add(call)) return fail(problems.overloaded('as many streams as allowed are open', 5_000));
      let close: (() => void) | undefined;
      const ended = (): void => { streams.delete(call); close?.(); close = undefined; };
      call.once('cancelled', ended);
      call.once('close', ended);
      call.once('finish', ended);
      try { close = open(call); } catch (error) { ended(); return fail(error); }
      call.sendMetadata(new Metadata()); // tells the caller that from now on nothing is missed
      context.count(method, status.OK);
    };
    if (role === null) return begin();
    context.guard.identify({ authorization: authorizationOf(call), address: addressOf(call) }, [role], (error, principal) => (principal === undefined ? fail(error) : begin()));
  };
}

/** Who calls, and the trace that goes on with the call. */
interface Caller { readonly principal: Principal; readonly traceparent: string | undefined }

function traceCall({ gateway }: CallContext, method: string, given: string | undefined): ReturnType<Tracing['enter']> {
  const { tracing } = gateway.deps;
  return tracing === undefined ? { span: undefined, traceparent: normalised(given) } : tracing.enter(method, { traceparent: given, attributes: { 'rpc.system': 'grpc', 'rpc.method': method } });
}

const textIn = (metadata: Metadata, name: string): string | undefined => { const [value] = metadata.get(name); return typeof value === 'string' ? value : undefined; };

function failed(context: CallContext, { method, traceparent }: { readonly method: string; readonly traceparent: string | undefined }, error: unknown): ReturnType<typeof statusOf> {
  const told = statusOf(error);
  if (told.ours) context.gateway.deps.logger.error({ err: error, method, trace_id: traceIdOf(traceparent) ?? undefined }, 'call failed');
  context.count(method, told.code);
  return told;
}

/** The streams that are open, so that a stop can end them. */
export class OpenStreams {
  private readonly calls = new Set<Stream>();
  constructor(private readonly streamsMax: number) {}
  add(call: Stream): boolean {
    if (this.calls.size >= this.streamsMax) return false;
    this.calls.add(call);
    return true;
  }
  delete(call: Stream): void { this.calls.delete(call); }
  endAll(): void { for (const call of [...this.calls]) call.end(); }
}

type AnyCall = Pick<ServerUnaryCall<Message, Message>, 'metadata' | 'getPeer'>;
function authorizationOf(call: AnyCall): string | undefined {
  const [value] = call.metadata.get('authorization');
  return typeof value === 'string' ? value : undefined;
}
/** Without the port, for strangers are limited by address. */
const addressOf = (call: AnyCall): string => call.getPeer().replace(/:\d+$/, '');
