import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog, LogRecord, Topic } from '@weir/ports';
import { replaceFile } from '../replace-file';

const readMax = 2_048, idleWaitMs = 500, saveEveryMs = 1_000;
const pauseAfterFailureMs = 500;
/** What comes within this time is taken together: answers do not wait for it, and a batch costs the same for one record as for many. */
const batchEveryMs = 20;

export interface FollowerOptions {
  readonly log: EventLog;
  readonly topics: ReadonlyArray<{ readonly topic: Topic; readonly take: (lane: number, records: readonly LogRecord[]) => Promise<void>; readonly flush?: () => Promise<void> }>;
  /** File of the places to go on from. Behind a crash some records come again. */
  readonly path: string;
  readonly onError: (topic: Topic, error: unknown) => void;
}

/** Reads topics into stores that keep the first of each origin: at least once, in order, from where it was. */
export class TopicFollower {
  private readonly next: Map<string, number>;
  private loops: Array<Promise<void>> = [];
  private saver: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  /** What the file says. */
  private saved = '';
  private stopping = false;

  constructor(private readonly options: FollowerOptions) { this.next = readPlaces(options.path); }

  start(): void {
    const { log, topics } = this.options;
    this.loops = topics.flatMap(({ topic, take }) => Array.from({ length: log.lanes }, (_, lane) => this.follow(topic, lane, take)));
    this.saver = setInterval(() => { this.saving = this.saving.then(() => this.save()).catch((error: unknown) => this.options.onError('decisions', error)); }, saveEveryMs).unref();
  }

  /** Ends, with everything taken written down. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.saver);
    await Promise.all(this.loops);
    await this.saving;
    // What was not written down comes again, and is known already.
    await this.save().catch((error: unknown) => this.options.onError('decisions', error));
  }

  /** Where a topic's lane is read next. */
  place(topic: Topic, lane: number): number { return this.next.get(`${topic}/${lane}`) ?? 0; }

  private async follow(topic: Topic, lane: number, take: (lane: number, records: readonly LogRecord[]) => Promise<void>): Promise<void> {
    const { log, onError } = this.options;
    while (!this.stopping) {
      try {
        const from = this.place(topic, lane);
        // First what is there or comes: a read that finds nothing asks the broker for the end of the log.
        await log.wait(topic, lane, from, idleWaitMs);
        if (this.stopping) return;
        const records = await log.read(topic, lane, from, readMax);
        if (records.length === 0) continue;
        await take(lane, records);
        this.next.set(`${topic}/${lane}`, (records.at(-1) as LogRecord).offset + 1);
        if (records.length < readMax) await sleep(batchEveryMs);
      } catch (error) {
        if (this.stopping) return;
        onError(topic, error);
        await sleep(pauseAfterFailureMs);
      }
    }
  }

  private async save(): Promise<void> {
    const places = JSON.stringify(Object.fromEntries(this.next));
    if (places === this.saved) return;
    for (const { flush } of this.options.topics) await flush?.();
    await replaceFile(this.options.path, places);
    this.saved = places;
  }
}

function readPlaces(path: string): Map<string, number> {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>)); // written by save alone
  } catch {
    return new Map();
  }
}
