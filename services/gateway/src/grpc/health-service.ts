import { status, type handleUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { streaming, type CallContext, type OpenStreams } from './calls';
import type { Message } from './descriptor-set';

const serving = 1, notServing = 2, serviceUnknown = 3;
const watchEveryMs = 1_000;

/** `grpc.health.v1`, open to all: SERVING where `/readyz` is 200. */
export function healthService(context: CallContext, services: ReadonlySet<string>, streams: OpenStreams): UntypedServiceImplementation {
  const now = (request: Message): number => {
    const service = String(request['service'] ?? '');
    if (service !== '' && !services.has(service)) return serviceUnknown;
    return context.gateway.deps.health.ready().status === 'ok' ? serving : notServing;
  };
  const check: handleUnaryCall<Message, Message> = (call, callback) => {
    const is = now(call.request);
    if (is === serviceUnknown) callback({ code: status.NOT_FOUND, details: 'there is no such service' });
    else callback(null, { status: is });
  };
  return {
    Check: check,
    Watch: streaming(context, 'Watch', null, streams, (call) => {
      let told: number | undefined;
      const tell = (): void => {
        const is = now(call.request);
        if (is !== told) call.write({ status: (told = is) });
      };
      tell();
      const timer = setInterval(tell, watchEveryMs);
      timer.unref();
      return () => clearInterval(timer);
    }),
  };
}
