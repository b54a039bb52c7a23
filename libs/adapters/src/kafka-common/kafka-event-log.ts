import { WeirError } from '@weir/contracts';
import { EventLog, type LogRecord, type NewRecord, type Topic } from '@weir/ports';
import { AppendQueue } from './append-queue';
import { ProducerFenced, type KafkaDriver } from './kafka-driver';
import { batchBytesMax, fencedByDefault, kafkaDefaults, topicSettings, type KafkaOptions } from './kafka-options';
import { PartitionCursor } from './partition-cursor';

/** Readers of one partition at different places that do not disturb one another. */
const cursorsPerPartitionMax = 4;

interface Partition {
  readonly appends: AppendQueue;
  /** The one used last is the last. */
  readonly cursors: PartitionCursor[];
}

/**
 * The log in Kafka, by whichever client: a lane is a partition. Appends are idempotent and acknowledged by all in-sync replicas; those that come while one is
 * under way go together. The offsets of `transactions.raw` and the topics between the services have no gaps; a fenced topic may have some, and is read committed.
 */
export class KafkaEventLog extends EventLog {
  override readonly lanes: number;
  readonly #options: KafkaOptions;
  readonly #driver: KafkaDriver;
  readonly #fenced: ReadonlySet<Topic>;
  readonly #partitions = new Map<string, Partition>();
  readonly #topics = new Map<Topic, Promise<string>>();
  /** Lost for good: who was fenced does not take the lane back by itself. */
  readonly #lost = new Set<string>();
  #closed = false;

  constructor(options: KafkaOptions, driver: KafkaDriver) {
    super();
    this.#options = options;
    this.lanes = options.lanes;
    this.#driver = driver;
    this.#fenced = new Set(options.fencedTopics ?? fencedByDefault);
  }

  override async append(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    const { appends } = this.#partition(topic, lane);
    if (this.#closed) throw new WeirError('WEIR_LOG_FAILED', 'the log is closed');
    if (records.length === 0) return { firstOffset: (await this.bounds(topic, lane)).next, appendedAtMs: 0 };
    return appends.append(records);
  }

  override async read(topic: Topic, lane: number, fromOffset: number, max: number): Promise<readonly LogRecord[]> {
    const { cursors } = this.#partition(topic, lane);
    const name = await this.#name(topic);
    if (this.#closed) return [];
    return this.#guarded(`reading ${name} lane ${lane}`, () => this.#cursor(cursors, topic, name, lane, fromOffset, (cursor) => cursor.standsAt(fromOffset)).read(fromOffset, max));
  }

  override async wait(topic: Topic, lane: number, offset: number, timeoutMs: number): Promise<void> {
    const { cursors } = this.#partition(topic, lane);
    let name: string;
    try {
      name = await this.#name(topic);
    } catch (error) {
      if (this.#closed) return;
      throw error;
    }
    if (this.#closed) return;
    await this.#cursor(cursors, topic, name, lane, offset, (cursor) => cursor.looksAt(offset)).wait(offset, timeoutMs);
  }

  override async bounds(topic: Topic, lane: number): Promise<{ first: number; next: number }> {
    this.#partition(topic, lane);
    const name = await this.#name(topic);
    return this.#guarded(`looking for the end of ${name} lane ${lane}`, () => this.#driver.bounds(name, lane, this.#fenced.has(topic)));
  }

  override async offsetAt(topic: Topic, lane: number, timeMs: number): Promise<number> {
    this.#partition(topic, lane);
    const name = await this.#name(topic);
    return this.#guarded(`looking for a time in ${name} lane ${lane}`, async () => (await this.#driver.offsetAt(name, lane, timeMs)) ?? (await this.#driver.bounds(name, lane, this.#fenced.has(topic))).next);
  }

  /** Records of each lane behind `positions[lane]` (the last one that was taken; -1 for none). */
  async lags(topic: Topic, positions: readonly number[]): Promise<readonly number[]> {
    return Promise.all(positions.map(async (position, lane) => Math.max(0, (await this.bounds(topic, lane)).next - 1 - position)));
  }

  /** Takes the lane: who wrote the fenced topics of it before is refused from now on. To be called by a lane's new owner before it writes. */
  async claim(lane: number): Promise<void> {
    for (const topic of this.#fenced) {
      const name = await this.#name(topic);
      await this.#guarded(`claiming ${name} lane ${lane}`, () => this.#driver.claim(fenceId(name, lane), name, lane));
      this.#lost.delete(fenceId(name, lane));
    }
  }

  override async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const partitions = [...this.#partitions.values()];
    await Promise.all(partitions.map(({ appends }) => appends.empty()));
    await Promise.all(partitions.flatMap(({ cursors }) => cursors.map((cursor) => cursor.close())));
    await this.#driver.close();
  }

  #partition(topic: Topic, lane: number): Partition {
    if (!Number.isInteger(lane) || lane < 0 || lane >= this.lanes) throw new WeirError('WEIR_LOG_FAILED', `lane ${lane}: there are ${this.lanes}`);
    const key = `${topic}/${lane}`;
    let partition = this.#partitions.get(key);
    if (partition === undefined) this.#partitions.set(key, (partition = { appends: new AppendQueue((records) => this.#send(topic, lane, records), batchBytesMax, this.#options.appendEveryMs ?? kafkaDefaults.appendEveryMs), cursors: [] }));
    return partition;
  }

  async #send(topic: Topic, lane: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }> {
    const name = await this.#name(topic);
    const id = fenceId(name, lane), fenced = this.#fenced.has(topic);
    if (this.#lost.has(id)) throw lostLane(topic, lane);
    return this.#guarded(`appending ${records.length} records to ${name} lane ${lane}`, async () => {
      try {
        return await (fenced ? this.#driver.produceFenced(id, name, lane, records) : this.#driver.produce(name, lane, records));
      } catch (error) {
        if (!(error instanceof ProducerFenced)) throw error;
        this.#lost.add(id);
        throw lostLane(topic, lane, error);
      }
    });
  }

  #cursor(cursors: PartitionCursor[], topic: Topic, name: string, lane: number, offset: number, fits: (cursor: PartitionCursor) => boolean): PartitionCursor {
    let place = cursors.findIndex(fits);
    if (place < 0) {
      if (cursors.length >= cursorsPerPartitionMax) {
        const unused = Math.max(0, cursors.findIndex((cursor) => cursor.idle));
        void cursors.splice(unused, 1)[0]?.close();
      }
      const committed = this.#fenced.has(topic);
      place = cursors.push(new PartitionCursor({ open: () => this.#driver.openFetcher(name, lane, committed), bounds: () => this.#driver.bounds(name, lane, committed) }, offset)) - 1;
    }
    const [cursor] = cursors.splice(place, 1) as [PartitionCursor];
    cursors.push(cursor);
    return cursor;
  }

  /** The topic's full name, once it is there with a partition for every lane. */
  #name(topic: Topic): Promise<string> {
    let known = this.#topics.get(topic);
    if (known === undefined) {
      known = this.#ensure(topic);
      this.#topics.set(topic, known);
      known.catch(() => this.#topics.delete(topic));
    }
    return known;
  }

  async #ensure(topic: Topic): Promise<string> {
    const name = `${this.#options.prefix ?? kafkaDefaults.prefix}${topic}`;
    const partitions = await this.#guarded(`making topic ${name}`, () => this.#driver.ensureTopic(name, this.lanes, topicSettings(topic, this.#options), this.#options.replicationFactor ?? kafkaDefaults.replicationFactor));
    if (partitions !== this.lanes) throw new WeirError('WEIR_LOG_FAILED', `topic ${name} has ${partitions} partitions, and there are ${this.lanes} lanes; another number of lanes needs new topics`);
    return name;
  }

  async #guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof WeirError) throw cause;
      if (cause instanceof ProducerFenced) throw new WeirError('WEIR_FENCED', `${what}: ${cause.message}`, { cause });
      throw new WeirError('WEIR_LOG_FAILED', `${what} failed: ${reasonsOf(cause).join(': ')}`, { cause, retriable: !this.#closed });
    }
  }
}

const reasonsMax = 4;

/** The messages of an error from the outermost to what caused it; libraries put the reason at the bottom. */
function reasonsOf(error: unknown): readonly string[] {
  const reasons: string[] = [];
  for (let at = error; typeof at === 'object' && at !== null && reasons.length < reasonsMax;) {
    if ('message' in at && typeof at.message === 'string' && !reasons.includes(at.message)) reasons.push(at.message);
    at = 'errors' in at && Array.isArray(at.errors) && at.errors.length > 0 ? (at.errors[0] as unknown) : 'cause' in at ? at.cause : undefined;
  }
  return reasons.length === 0 ? [String(error)] : reasons;
}

const fenceId = (name: string, lane: number): string => `${name}-${lane}`;
const lostLane = (topic: Topic, lane: number, cause?: unknown): WeirError => new WeirError('WEIR_FENCED', `another owner has taken lane ${lane} of ${topic}`, { cause });
