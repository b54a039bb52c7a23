import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import type { WorkRunner } from './work-runner';

export interface LaneKeeperOptions {
  /** A new runner, with a new work, not started. */
  readonly build: (lane: number) => Promise<WorkRunner> | WorkRunner;
  /** A lane cannot go on and will not by itself. */
  readonly onFatal: (lane: number, error: unknown) => void;
  /** A lane stopped for a passing reason and is started again. */
  readonly onRestart?: (lane: number, error: unknown) => void;
  readonly restartPauseMs?: number;
}

const restartPauseMsMax = 5_000;

/** Runs the lanes that this process owns. A lane that failed for a passing reason, or whose state somebody else published, starts again from its published state. */
export class LaneKeeper {
  private readonly kept = new Map<number, { stopping: boolean; runner: WorkRunner | undefined; readonly done: Promise<void> }>();

  constructor(private readonly options: LaneKeeperOptions) {}

  get lanes(): readonly number[] { return [...this.kept.keys()].sort((a, b) => a - b); }
  runner(lane: number): WorkRunner | undefined { return this.kept.get(lane)?.runner; }
  /** Whether every lane that is owned is being read. */
  get isReading(): boolean { return [...this.kept.values()].every(({ runner }) => runner !== undefined); }

  gain(lane: number): void {
    if (this.kept.has(lane)) return;
    const kept: { stopping: boolean; runner: WorkRunner | undefined; done: Promise<void> } = { stopping: false, runner: undefined, done: Promise.resolve() };
    kept.done = this.keep(lane, kept);
    this.kept.set(lane, kept);
  }

  /** `checkpoint`: the lane has no other owner yet, so the state is published. */
  async lose(lane: number, options: { readonly checkpoint: boolean }): Promise<void> {
    const kept = this.kept.get(lane);
    if (kept === undefined) return;
    this.kept.delete(lane);
    kept.stopping = true;
    await kept.runner?.stop(options).catch(() => undefined);
    await kept.done;
  }

  async stop(): Promise<void> { await Promise.all(this.lanes.map((lane) => this.lose(lane, { checkpoint: true }))); }

  private async keep(lane: number, kept: { stopping: boolean; runner: WorkRunner | undefined }): Promise<void> {
    let pauseMs = this.options.restartPauseMs ?? 100;
    while (!kept.stopping) {
      const startedAt = performance.now();
      let runner: WorkRunner | undefined;
      try {
        runner = await this.options.build(lane);
        await runner.start();
        if (kept.stopping) { await runner.stop({ checkpoint: false }); return; }
        kept.runner = runner;
        await runner.done();
        return;
      } catch (error) {
        kept.runner = undefined;
        await runner?.stop({ checkpoint: false }).catch(() => undefined);
        if (kept.stopping) return;
        if (!isPassing(error)) { this.options.onFatal(lane, error); return; }
        this.options.onRestart?.(lane, error);
      }
      if (performance.now() - startedAt > 60_000) pauseMs = this.options.restartPauseMs ?? 100;
      await sleep(pauseMs);
      pauseMs = Math.min(pauseMs * 2, restartPauseMsMax);
    }
  }
}

const isPassing = (error: unknown): boolean => error instanceof WeirError && (error.retriable || error.code === 'WEIR_FENCED');
