import { WeirError } from '@weir/contracts';
import { OnlineStore } from '@weir/ports';
import { connectRedis, explained, type RedisClient, type RedisConnection } from './connection';
import { LaneKeys } from './lane-keys';

export interface RedisOnlineStoreOptions extends RedisConnection {
  /** First part of every key. */
  readonly prefix?: string;
  /** Hashes per lane; fixed once a lane is written. */
  readonly buckets?: number;
  /** Wait until so many replicas have a publish, so that a failover does not take the lane back to before it. */
  readonly replicasMin?: number;
}

/** Fields of one command: short enough that Redis and Lua take them at once. */
const fieldsPerCommandMax = 1_000;
/** Bytes of values in one command. */
const bytesPerCommandMax = 4 << 20;
/** Changes of one publish. */
const changesMax = 2_000_000;
const scanCount = 1_000;
const replicaWaitMs = 5_000;

/**
 * One part of a publish: does nothing where the lane is further already, or is not as far as its owner left it, or has other buckets. All parts are in one
 * MULTI, so all of them see the same. A full Redis refuses what may need memory and nothing else, so dropping begins with such a command too: all or nothing.
 * KEYS: meta, bucket. ARGV: position, position published before, buckets, `put` or `drop` or `end`, fields and values.
 */
const partScript = `
local at = redis.call('HGET', KEYS[1], 'position')
if at and tonumber(at) > tonumber(ARGV[1]) then return at end
if tonumber(at or -1) < tonumber(ARGV[2]) then return 'lost ' .. (at or -1) end
local buckets = redis.call('HGET', KEYS[1], 'buckets')
if buckets and buckets ~= ARGV[3] then return 'buckets ' .. buckets end
if ARGV[4] == 'put' then redis.call('HSET', KEYS[2], unpack(ARGV, 5))
elseif ARGV[4] == 'drop' then redis.call('HSET', KEYS[1], 'buckets', ARGV[3]) redis.call('HDEL', KEYS[2], unpack(ARGV, 5))
else redis.call('HSET', KEYS[1], 'position', ARGV[1], 'buckets', ARGV[3]) end
return 'ok'`;

type Change = readonly [key: string, value: Uint8Array | undefined];
type PlacesByBucket = ReadonlyArray<readonly [bucket: number, places: readonly number[]]>;
interface Part { readonly bucket: number; readonly verb: 'put' | 'drop'; readonly fields: Array<string | Buffer>; bytes: number }

/**
 * State in Redis. A publish is one MULTI under the lane's hash tag, refused where the lane is further already, so an owner that was replaced can't publish behind
 * the new one. A read of a lane is one MULTI as well: position and values are of one moment. A Redis that came back empty, or as a replica that was behind,
 * has lost what this owner published: further reads and publishes of the lane are refused, for they would be answered from holes; a new start rebuilds the lane from
 * where Redis is.
 */
export class RedisOnlineStore extends OnlineStore {
  readonly #client: RedisClient;
  readonly #prefix: string;
  readonly #buckets: number;
  readonly #replicasMin: number;
  readonly #keysByLane = new Map<number, LaneKeys>();
  /** What this owner published last. */
  readonly #publishedByLane = new Map<number, number>();

  constructor(options: RedisOnlineStoreOptions) {
    super();
    this.#client = connectRedis(options);
    this.#prefix = options.prefix ?? 'weir';
    this.#buckets = options.buckets ?? 16;
    this.#replicasMin = options.replicasMin ?? 0;
  }

  override position(lane: number): Promise<number> {
    return this.#guarded(`reading the position of lane ${lane}`, async () => positionOf(await this.#client.hget(this.#keys(lane).meta, 'position')));
  }

  override async read(lane: number, keys: readonly string[]): Promise<ReadonlyArray<Uint8Array | undefined>> {
    const [read] = await this.readWithPosition([lane], keys);
    const published = this.#publishedByLane.get(lane) ?? -1;
    if (read !== undefined && read.position < published) throw lostState(lane, published, read.position);
    return read?.values ?? [];
  }

  override async readWithPosition(lanes: readonly number[], keys: readonly string[]): Promise<ReadonlyArray<{ position: number; values: ReadonlyArray<Uint8Array | undefined> }>> {
    const placesByBucket = this.#placesOf(keys);
    // The transactions of all lanes leave at once, each to the node that has the lane, and without waiting for one another.
    return this.#guarded(`reading ${keys.length} keys of ${lanes.length} lanes`, () => Promise.all(lanes.map((lane) => this.#readLane(lane, keys, placesByBucket))));
  }

  async #readLane(lane: number, keys: readonly string[], placesByBucket: PlacesByBucket): Promise<{ position: number; values: ReadonlyArray<Uint8Array | undefined> }> {
    const { meta, buckets } = this.#keys(lane);
    const commands = this.#client.multi();
    commands.hget(meta, 'position');
    for (const [bucket, places] of placesByBucket) commands.hmgetBuffer(buckets[bucket] ?? '', ...places.map((place) => keys[place] ?? ''));
    const replies = repliesOf(await commands.exec());
    const values = new Array<Uint8Array | undefined>(keys.length);
    placesByBucket.forEach(([, places], index) => {
      const found = listOf(replies[index + 1]);
      places.forEach((place, at) => {
        const value = found[at];
        if (value instanceof Uint8Array) values[place] = value;
      });
    });
    return { position: positionOf(replies[0]), values };
  }

  /** Buckets that the keys are in, each with the places of its keys. */
  #placesOf(keys: readonly string[]): PlacesByBucket {
    const placesByBucket = new Map<number, number[]>();
    const where = this.#keys(0);
    keys.forEach((key, place) => {
      const bucket = where.bucketOf(key), places = placesByBucket.get(bucket);
      if (places === undefined) placesByBucket.set(bucket, [place]);
      else places.push(place);
    });
    return [...placesByBucket];
  }

  override async publish(lane: number, position: number, changes: Iterable<Change>): Promise<void> {
    const keys = this.#keys(lane);
    const parts = partsOf(changes, keys), published = this.#publishedByLane.get(lane) ?? -1;
    const answer = await this.#guarded(`publishing lane ${lane}`, async () => {
      const commands = this.#client.multi();
      for (const { bucket, verb, fields } of parts) commands.eval(partScript, 2, keys.meta, keys.buckets[bucket] ?? '', position, published, this.#buckets, verb, ...fields);
      commands.eval(partScript, 1, keys.meta, position, published, this.#buckets, 'end');
      return repliesOf(await commands.exec()).at(-1);
    });
    if (typeof answer === 'string' && answer.startsWith('buckets')) throw new WeirError('WEIR_STORE_FAILED', `lane ${lane} was written with ${answer.slice(8)} buckets, this store has ${this.#buckets}`);
    if (typeof answer === 'string' && answer.startsWith('lost')) throw lostState(lane, published, Number(answer.slice(5)));
    if (answer !== 'ok') throw new WeirError('WEIR_FENCED', `lane ${lane} is at ${String(answer)}, so ${position} can't be published`);
    if (this.#replicasMin > 0) await this.#guarded(`waiting for ${this.#replicasMin} replicas`, () => this.#waitForReplicas(keys.meta));
    this.#publishedByLane.set(lane, position);
  }

  async #waitForReplicas(key: string): Promise<void> {
    // A cluster sends a command without a key anywhere; a write to the lane's own slot and WAIT in one pipeline go the same way.
    const [, replicas] = repliesOf(await this.#client.pipeline().hlen(key).call('WAIT', this.#replicasMin, replicaWaitMs).exec());
    if (Number(replicas) < this.#replicasMin) throw new Error(`${Number(replicas)} replicas have the publish, ${this.#replicasMin} expected`);
  }

  override async *scan(lane: number, prefix: string): AsyncIterable<readonly [key: string, value: Uint8Array]> {
    const entries = await this.#guarded(`scanning lane ${lane}`, () => this.#entries(lane, prefix));
    yield* entries.sort((left, right) => Buffer.compare(left[0], right[0])).map(([key, value]) => [key.toString('utf8'), value] as const);
  }

  /** Some keys of a lane, at random: of another part of it for another `turn`. */
  async someKeys(lane: number, max: number, turn: number): Promise<readonly string[]> {
    const { buckets } = this.#keys(lane), bucket = buckets[turn % buckets.length] ?? '';
    const found = await this.#guarded(`looking for some keys of lane ${lane}`, () => this.#client.hrandfield(bucket, max));
    return Array.isArray(found) ? found.filter((key) => typeof key === 'string') : [];
  }

  /** Unsorted. HSCAN may give an entry twice; the last one counts. */
  async #entries(lane: number, prefix: string): Promise<Array<readonly [Buffer, Buffer]>> {
    const entryByKey = new Map<string, readonly [Buffer, Buffer]>();
    const match = `${prefix.replaceAll(/[\\*?[\]^]/g, '\\$&')}*`;
    await Promise.all(this.#keys(lane).buckets.map(async (bucket) => {
      let cursor = '0';
      do {
        const [next, found] = await this.#client.hscanBuffer(bucket, cursor, 'MATCH', match, 'COUNT', scanCount);
        for (let at = 0; at + 1 < found.length; at += 2) {
          const key = found[at] as Buffer, value = found[at + 1] as Buffer;
          entryByKey.set(key.toString('latin1'), [key, value]);
        }
        cursor = next.toString();
      } while (cursor !== '0');
    }));
    return [...entryByKey.values()];
  }

  override async clear(lane: number): Promise<void> {
    const { meta, buckets } = this.#keys(lane);
    await this.#guarded(`clearing lane ${lane}`, () => this.#client.unlink(meta, ...buckets));
    this.#publishedByLane.delete(lane);
  }

  /** A new owner of the lane begins, in this process: from now on the lane is what Redis has, whatever was published from here before. */
  beginAnew(lane: number): void { this.#publishedByLane.delete(lane); }

  override async close(): Promise<void> {
    this.#client.disconnect();
    return Promise.resolve();
  }

  async #guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      throw new WeirError('WEIR_STORE_FAILED', `${what} failed: ${explained(cause, this.#client)}`, { cause, retriable: true });
    }
  }

  #keys(lane: number): LaneKeys {
    let keys = this.#keysByLane.get(lane);
    if (keys === undefined) this.#keysByLane.set(lane, (keys = new LaneKeys(this.#prefix, lane, this.#buckets)));
    return keys;
  }
}

/** Changes by bucket and kind; of a key that comes twice the last change counts. */
function partsOf(changes: Iterable<Change>, keys: LaneKeys): readonly Part[] {
  const valueByKey = new Map<string, Uint8Array | undefined>();
  for (const [key, value] of changes) {
    valueByKey.set(key, value);
    if (valueByKey.size > changesMax) throw new WeirError('WEIR_LIMIT_REACHED', `more than ${changesMax} changes in one publish`);
  }
  const parts: Part[] = [];
  const openPart = new Map<string, Part>();
  for (const [key, value] of valueByKey) {
    const bucket = keys.bucketOf(key), verb = value === undefined ? 'drop' : 'put', name = `${verb}${bucket}`;
    let part = openPart.get(name);
    if (part === undefined || part.fields.length >= 2 * fieldsPerCommandMax || part.bytes >= bytesPerCommandMax) {
      part = { bucket, verb, fields: [], bytes: 0 };
      parts.push(part);
      openPart.set(name, part);
    }
    part.fields.push(key);
    if (value === undefined) continue;
    part.fields.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    part.bytes += value.byteLength;
  }
  return parts;
}

/** What the commands of a transaction answered. An error of one of them is the whole's. */
function repliesOf(answers: ReadonlyArray<readonly [error: Error | null, reply?: unknown]> | null): readonly unknown[] {
  if (answers === null) throw new Error('Redis gave the transaction up');
  return answers.map(([error, reply]) => {
    // What has no error comes as null in a pipeline and as undefined in a transaction.
    if (error instanceof Error) throw error;
    return reply;
  });
}

const positionOf = (reply: unknown): number => (reply === null || reply === undefined ? -1 : Number(reply instanceof Uint8Array ? Buffer.from(reply).toString() : reply));
const listOf = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);

function lostState(lane: number, published: number, position: number): WeirError {
  return new WeirError('WEIR_FENCED', `lane ${lane} was published up to ${published}, and Redis has it up to ${position}: it lost state; a new start rebuilds it from the log`);
}
