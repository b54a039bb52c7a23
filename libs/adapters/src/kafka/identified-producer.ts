import { kGetApi, UserError, type API, type Callback } from '@platformatic/kafka';
import { BatchProducer } from './batch-producer';

/** What the broker tells one writer from another by, and a writer from those before it. */
export interface ProducerIdentity { readonly producerId: bigint; readonly producerEpoch: number }

/** An idempotent producer that is told who it is, where the library would ask the broker for an identity that nobody had before. */
export class IdentifiedProducer extends BatchProducer {
  #given: ProducerIdentity | undefined;

  /** Writes as this one from now on, its records numbered from 0. */
  async become(identity: ProducerIdentity): Promise<void> {
    this.#given = identity;
    await this.initIdempotentProducer({});
  }

  override [kGetApi]<Arguments extends unknown[], Response>(name: string, callback: Callback<API<Arguments, Response>>): void {
    super[kGetApi]<Arguments, Response>(name, (error, api) => callback(error, name === 'InitProducerId' && api !== undefined ? this.#telling<API<Arguments, Response>>(api) : api));
  }

  /** In place of the library's function that asks. Each identity is given once: after trouble it is its owner who decides whether to go on. */
  #telling<Ask extends object>(api: Ask): Ask {
    return new Proxy(api, {
      apply: (_api, _self, args: unknown[]) => {
        const done = args.at(-1), given = this.#given;
        this.#given = undefined;
        if (typeof done !== 'function') return;
        if (given === undefined) done(new UserError('what was written is not known; the lane has to be claimed again'));
        else done(null, given);
      },
    });
  }
}
