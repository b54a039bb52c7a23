import { join } from 'node:path';
import { LmdbDecisionReader, LmdbOutcomeLog } from '@weir/adapters/lmdb';
import { ParquetOfflineStore } from '@weir/adapters/parquet';
import { WeirError } from '@weir/contracts';
import { DecisionCodec, type DecisionLayout } from '@weir/rules';
import { openLogBeside, type LogBeside, type LogPlace } from '../replay/log-beside';
import type { HistoryOptions } from './history-config';
import { HistoryWriter } from './history-writer';

/** Everything the writing of history has to know, as it goes to a thread. */
export interface HistoryJob extends HistoryOptions, LogPlace {}

/** What the thread says. `written`: everything up to the position is in files. */
export type FromHistory =
  | { readonly kind: 'written'; readonly lane: number; readonly position: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: number; readonly error: string | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'used'; readonly cpuMicros: number };
/** What it is told. */
export type ToHistory = { readonly kind: 'wake' } | { readonly kind: 'flush' | 'compact' | 'stop'; readonly id: number };

const dayMs = 86_400_000;
const retryMs = 5_000;
/** What is not there yet (a decision, the end of the log) is looked for again after this time. */
const behindMs = 1_000;
/** Outcomes that come one by one are looked at together, no more often than this. */
const lookEveryMs = 500;
/** Files of nothing but ticks are written this often. */
const idleFlushMs = 600_000;
/** Steps between two looks at what was said. */
const stepsPerTurnMax = 4;

/** Writes history as outcomes come, joins files and forgets old ones; in whatever thread it is made. */
export class HistoryLoop {
  private readonly store: ParquetOfflineStore;
  private readonly outcomes: LmdbOutcomeLog;
  private readonly log: LogBeside;
  private readonly decisions: LmdbDecisionReader;
  private readonly writer: HistoryWriter;
  private working: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private dueAtMs = Infinity;
  private lastLookMs = 0;
  private lastFlushMs = Date.now();
  private readonly said: number[] = [];
  private isStopped = false;

  /** @throws WeirError WEIR_USAGE when there is no log to read yet. */
  constructor(private readonly job: HistoryJob, private readonly say: (message: FromHistory) => void) {
    const { dataDir, lanes, path } = job;
    this.outcomes = new LmdbOutcomeLog(join(dataDir, 'outcomes'));
    this.log = openLogBeside(job);
    const nothing = (): string => { throw new WeirError('WEIR_HISTORY_FAILED', 'decisions are written as they are packed'); };
    this.decisions = new LmdbDecisionReader(join(dataDir, 'decisions'), nothing);
    this.store = new ParquetOfflineStore({ path, unpacking: { unpack: nothing, vectorOf }, rowsPerFile: 65_536 });
    this.writer = new HistoryWriter({ lanes, log: this.log, decisions: this.decisions, outcomes: this.outcomes, store: this.store });
  }

  take(message: ToHistory): void {
    if (this.isStopped) return;
    if (message.kind === 'wake') {
      const nowMs = Date.now(), inMs = Math.max(0, this.lastLookMs + lookEveryMs - nowMs);
      if (inMs === 0) this.look();
      else if (nowMs + inMs < this.dueAtMs) this.later(inMs);
      return;
    }
    const { id, kind } = message;
    this.go(async () => {
      let result = 0, error: string | undefined;
      try {
        await this.advance();
        const before = cpuMicros();
        await this.flush();
        this.say({ kind: 'used', cpuMicros: cpuMicros() - before });
        if (kind === 'compact') result = await this.store.compact();
      } catch (cause) { error = messageOf(cause); }
      if (kind === 'stop') await this.close();
      this.say({ kind: 'done', id, result, error });
    });
  }

  private look(): void {
    this.lastLookMs = Date.now();
    this.go(() => this.advance());
  }

  /** One thing after the other; a failure is said and tried again, for everything is still where it was read. */
  private go(work: () => Promise<void>): void {
    this.working = this.working.then(work).catch((error: unknown) => {
      this.say({ kind: 'failed', message: messageOf(error) });
      this.later(retryMs);
    });
  }

  private later(ms: number): void {
    clearTimeout(this.timer);
    if (this.isStopped) return;
    this.dueAtMs = Date.now() + ms;
    this.timer = setTimeout(() => { this.dueAtMs = Infinity; this.look(); }, ms).unref();
  }

  private async advance(): Promise<void> {
    const before = cpuMicros();
    let waiting = this.store.waiting;
    for (let steps = 1; await this.writer.step(); steps++) {
      if (this.store.waiting < waiting) await this.tellWritten();
      waiting = this.store.waiting;
      if (steps % stepsPerTurnMax === 0) await new Promise((resolve) => { setImmediate(resolve); });
    }
    await this.tellWritten();
    const { lastFlushMs } = this, dueMs = lastFlushMs + (this.writer.hasNews ? this.job.flushMs : idleFlushMs) - Date.now();
    if (this.store.waiting > 0 && dueMs <= 0) await this.flush();
    this.say({ kind: 'used', cpuMicros: cpuMicros() - before });
    if (this.writer.isBehind) this.later(behindMs);
    else if (this.store.waiting > 0) this.later(Math.max(100, dueMs));
  }

  private async flush(): Promise<void> {
    await this.writer.flush();
    this.lastFlushMs = Date.now();
    await this.tellWritten();
    const nowMs = Date.now();
    await this.store.tidy(nowMs);
    if (this.job.days > 0) await this.store.expire(nowMs - this.job.days * dayMs);
  }

  private async tellWritten(): Promise<void> {
    for (let lane = 0; lane < this.job.lanes; lane++) {
      const position = await this.store.position(lane);
      if (position === this.said[lane]) continue;
      this.said[lane] = position;
      this.say({ kind: 'written', lane, position });
    }
  }

  private async close(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.store.close();
    await this.decisions.close();
    await this.log.close();
    await this.outcomes.close();
  }
}

const codecsMax = 64;
const codecByLayout = new Map<string, DecisionCodec>();

/** The numbers of a packed decision's vector. */
export function vectorOf(layoutJson: string, bytes: Uint8Array): Float64Array {
  let codec = codecByLayout.get(layoutJson);
  if (codec === undefined) {
    if (codecByLayout.size >= codecsMax) codecByLayout.clear();
    codecByLayout.set(layoutJson, (codec = new DecisionCodec(JSON.parse(layoutJson) as DecisionLayout))); // written by DecisionPacker alone
  }
  return codec.numbersOf(bytes);
}

/** CPU time of this thread, µs. */
function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
