import { WeirError } from '@weir/contracts';
import { connectRedis, explained, type RedisClient, type RedisConnection } from './connection';

export interface RedisRepliesOptions extends RedisConnection {
  /** First part of every channel. */
  readonly prefix?: string;
  /** Replies kept while one message is under way; above it the newest ones are dropped and counted: a lost reply is found again by the transaction's id. */
  readonly waitingMax?: number;
}

/** Replies of one address that go in one message. */
const repliesPerMessageMax = 1_000;
const formatVersion = 1;

/**
 * Answers on their way from the stage that has them to the gateway that asked, by reply address, over Redis pub/sub. Best effort: what nobody hears is
 * gone. Replies to one address that come while a message is under way share the next one.
 */
export class RedisReplies {
  readonly #publisher: RedisClient;
  readonly #subscriber: RedisClient;
  readonly #prefix: string;
  readonly #waitingMax: number;
  readonly #listenerByChannel = new Map<string, (replies: readonly Uint8Array[]) => void>();
  #waitingByAddress = new Map<string, Uint8Array[]>();
  #waiting = 0;
  #dropped = 0;
  #sending: Promise<void> | undefined;

  constructor(options: RedisRepliesOptions) {
    this.#publisher = connectRedis(options);
    this.#subscriber = connectRedis(options, { commandTimeout: options.commandTimeoutMs ?? 10_000 });
    this.#prefix = options.prefix ?? 'weir';
    this.#waitingMax = options.waitingMax ?? 100_000;
    this.#subscriber.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#listenerByChannel.get(channel.toString('utf8'))?.(unpack(message)));
  }

  /** Replies that were given up since the start. */
  get dropped(): number { return this.#dropped; }

  /** Sends a reply soon. Never fails: whoever waits asks again by the transaction's id. */
  send(address: string, reply: Uint8Array): void {
    if (this.#waiting >= this.#waitingMax) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += 1;
    const waiting = this.#waitingByAddress.get(address);
    if (waiting === undefined) this.#waitingByAddress.set(address, [reply]);
    else waiting.push(reply);
    this.#sending ??= this.#sendAll();
  }

  /** Everything sent so far has left. */
  async flush(): Promise<void> { await this.#sending; }

  async #sendAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting > 0) {
      const waitingByAddress = this.#waitingByAddress;
      this.#waitingByAddress = new Map();
      this.#waiting = 0;
      await Promise.all([...waitingByAddress].map(([address, replies]) => this.#sendTo(address, replies)));
    }
    this.#sending = undefined;
  }

  async #sendTo(address: string, replies: readonly Uint8Array[]): Promise<void> {
    for (let from = 0; from < replies.length; from += repliesPerMessageMax) {
      const some = replies.slice(from, from + repliesPerMessageMax);
      try {
        await this.#publisher.publish(this.#channel(address), pack(some));
      } catch {
        this.#dropped += some.length;
      }
    }
  }

  /** Hears all replies to the address from when it resolves until `close`; after a lost connection too. @throws WeirError WEIR_STORE_FAILED, retriable. */
  async subscribe(address: string, listen: (replies: readonly Uint8Array[]) => void): Promise<void> {
    const channel = this.#channel(address);
    this.#listenerByChannel.set(channel, listen);
    try {
      await this.#subscriber.subscribe(channel);
    } catch (cause) {
      throw new WeirError('WEIR_STORE_FAILED', `listening for replies failed: ${explained(cause, this.#subscriber)}`, { cause, retriable: true });
    }
  }

  async close(): Promise<void> {
    await this.flush();
    this.#publisher.disconnect();
    this.#subscriber.disconnect();
  }

  #channel(address: string): string { return `${this.#prefix}:reply:${address}`; }
}

/** Format (1 byte), then each reply with its length (u32). */
function pack(replies: readonly Uint8Array[]): Buffer {
  const message = Buffer.allocUnsafe(replies.reduce((sum, reply) => sum + 4 + reply.length, 1));
  message[0] = formatVersion;
  let at = 1;
  for (const reply of replies) {
    message.writeUInt32LE(reply.length, at);
    message.set(reply, at + 4);
    at += 4 + reply.length;
  }
  return message;
}

/** A message of another format holds nothing for us. */
function unpack(message: Buffer): readonly Uint8Array[] {
  const replies: Uint8Array[] = [];
  if (message[0] !== formatVersion) return replies;
  for (let at = 1; at + 4 <= message.length;) {
    const end = at + 4 + message.readUInt32LE(at);
    replies.push(message.subarray(at + 4, end));
    at = end;
  }
  return replies;
}
