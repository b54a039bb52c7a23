import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { RowAnswer } from '../dependencies/edge';
import { checkEvent, idempotencyKeyOf, submittedRow } from '../events/event-text';
import { explained, rowText } from '../events/row-answers';
import { problems } from '../http/problem';
import type { Principal } from '../roles';
import { streaming, unary, type CallContext, type OpenStreams, type Stream } from './calls';
import { decisionMessage, outcomeNumbers } from './decision-message';
import type { Message } from './descriptor-set';
import { fromStruct, listOf, textOf } from './values';

/** Messages that may wait for a slow reader; beyond it the reader misses some. */
const waitingBytesMax = 4 * 1_048_576;

/** `weir.v1.RiskService`: what `/transactions` and `/decisions` answer. */
export function riskService(context: CallContext, streams: OpenStreams): UntypedServiceImplementation {
  const { deps, options } = context.gateway;
  const rowOf = (request: Message, principal: Principal, idempotencyKey?: string): ReturnType<typeof submittedRow> => {
    const event = checkEvent(fromStruct(request['event']));
    const json = JSON.stringify(event);
    if (Buffer.byteLength(json) > options.bodyBytesMax) throw problems.tooLarge(options.bodyBytesMax);
    return submittedRow(json, event, { principal, idempotencyKey });
  };
  return {
    Decide: unary(context, 'Decide', 'decide', async (request, { principal, traceparent }) => {
      const row = rowOf(request, principal, idempotencyKeyOf(textOf(request['idempotency_key'])));
      const [answer] = await deps.edge.submit([row], { source: textOf(request['source']), wait: request['accepted_only'] === true ? 'accepted' : 'decided', deadlineMs: undefined, traceparent });
      if (answer === undefined) throw new Error('the edge gave no answer for the row');
      return resultMessage(request['explain'] === true ? await explained(answer, deps.decisions) : answer);
    }),
    Simulate: unary(context, 'Simulate', 'decide', async (request, { principal }) => {
      const answer = await deps.edge.simulate(rowOf(request, principal), { source: textOf(request['source']) });
      const { decision } = resultMessage(request['explain'] === true ? await explained(answer, deps.decisions) : answer);
      return decision === undefined ? {} : { decision };
    }),
    GetDecision: unary(context, 'GetDecision', 'read', async (request) => {
      const answer = await found(context, request);
      if (answer === undefined) throw problems.notFound('no decision has this id');
      const { duplicate: _first, ...result } = resultMessage(await explained(answer, deps.decisions));
      return result;
    }),
    WatchDecisions: streaming(context, 'WatchDecisions', 'read', streams, (call) => watch(context, call)),
  };
}

async function found(context: CallContext, request: Message): Promise<RowAnswer | undefined> {
  const { decisions } = context.gateway.deps;
  const [id, transactionId] = [textOf(request['id']), textOf(request['transaction_id'])];
  if (id !== undefined) return decisions.byId(id);
  if (transactionId !== undefined) return decisions.byTransactionId(transactionId);
  throw problems.invalid('id or transaction_id', [{ field: 'id', expected: 'an id, or transaction_id', got: 'nothing' }]);
}

/** @throws Problem for whatever is no decision and none to come. */
function resultMessage(answer: RowAnswer): { readonly decision?: Message; readonly pending?: Message; readonly duplicate: boolean } {
  if (answer.kind === 'decided') return { decision: decisionMessage(answer.decision), duplicate: answer.duplicate };
  if (answer.kind === 'pending') return { pending: { id: answer.id, transaction_id: answer.transactionId ?? '' }, duplicate: false };
  if (answer.kind === 'accepted') return { pending: { id: answer.id, transaction_id: answer.transactionId ?? '' }, duplicate: answer.duplicate };
  rowText(answer);
  throw new Error(`${answer.kind} is neither a decision nor a problem`);
}

function watch(context: CallContext, call: Stream): () => void {
  const wanted = new Set(listOf(call.request['outcomes']));
  return context.gateway.deps.live.subscribe({
    decisions: (batch) => {
      for (const decision of batch) {
        if (wanted.size > 0 && !wanted.has(outcomeNumbers[decision.verdict.outcome])) continue;
        if (call.destroyed || call.writableLength * messageBytesUsual > waitingBytesMax) return;
        call.write({ decision: decisionMessage(decision) });
      }
    },
    alerts: () => undefined,
  });
}
/** The stream counts messages, not bytes. */
const messageBytesUsual = 4_096;
