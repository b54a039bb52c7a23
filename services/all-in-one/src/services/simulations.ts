import { WeirError, type RawBody } from '@weir/contracts';
import { encodeSimulation, simulationAddress } from '@weir/pipeline';
import type { Replies, Reply } from '../suite/replies';

/** The services answer from memory; above it one of them is not there, or has another set in force. */
const answerWithinMs = 2_000;

/** Asks the owners of a lane what would be decided now. */
export class Simulations {
  private asked = 0;

  constructor(private readonly options: { readonly send: (address: string, message: Uint8Array) => void; readonly replies: Replies; /** Where answers are sent to. */ readonly address: string }) {}

  /** @throws WeirError WEIR_LIMIT_REACHED, retriable, when no answer comes in time. */
  ask(body: RawBody, lane: number): Promise<Reply> {
    const { send, replies, address } = this.options, ticket = -(++this.asked);
    return new Promise((resolve, reject) => {
      const awaited = replies.expect({ lane, offset: ticket }, 1, (_, reply) => { clearTimeout(timer); resolve(reply); });
      const timer = setTimeout(() => {
        replies.forget(awaited);
        reject(new WeirError('WEIR_LIMIT_REACHED', `the services of lane ${lane} did not answer within ${answerWithinMs} ms`, { retriable: true }));
      }, answerWithinMs);
      send(simulationAddress('ingest', lane), encodeSimulation({ address, ticket, payload: Buffer.from(JSON.stringify(body), 'utf8') }));
    });
  }
}
