import { kGetApi, Producer, type API, type Callback } from '@platformatic/kafka';

/** The library keeps the broker's append time of what it sends to itself; this gives that of the last request. One request at a time. */
export class AppendTimeProducer extends Producer {
  appendedAtMs = -1;

  override [kGetApi]<Arguments extends unknown[], Response>(name: string, callback: Callback<API<Arguments, Response>>): void {
    super[kGetApi]<Arguments, Response>(name, (error, api) => callback(error, name === 'Produce' && api !== undefined ? this.#noting<API<Arguments, Response>>(api) : api));
  }

  /** The library's function, whose answer is looked at as it passes. */
  #noting<Send extends object>(api: Send): Send {
    return new Proxy(api, {
      apply: (target, self, args: unknown[]) => {
        const send = (...given: unknown[]): unknown => Reflect.apply(target as unknown as () => void, self, given); // a function, for it is called
        const done = args.at(-1);
        if (typeof done !== 'function') return send(...args);
        return send(...args.slice(0, -1), (error: unknown, response: unknown) => {
          this.appendedAtMs = appendTimeOf(response) ?? this.appendedAtMs;
          done(error, response);
        });
      },
    });
  }
}

function appendTimeOf(response: unknown): number | undefined {
  if (!isObject(response) || !Array.isArray(response['responses'])) return undefined;
  const [topic]: unknown[] = response['responses'];
  if (!isObject(topic) || !Array.isArray(topic['partitionResponses'])) return undefined;
  const [partition]: unknown[] = topic['partitionResponses'];
  return isObject(partition) && typeof partition['logAppendTimeMs'] === 'bigint' ? Number(partition['logAppendTimeMs']) : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
