import type { Logger } from './logger';

/** Something a process holds: a log, a store, a server, a loop. */
export interface Resource {
  readonly name: string;
  /** Resolves when it can be used by those started after it. */
  start(): Promise<void> | void;
  /** Finishes what is under way and lets go. Called at most once, and only after `start` resolved. */
  stop(): Promise<void> | void;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** For all of `stop` together, ms; what is not done by then is named and left. Default 25 s, below the 30 s orchestrators give. */
  readonly stopDeadlineMs?: number;
}

/**
 * Starts resources one after another in the order of the list, and stops them in reverse. When one fails to start, those already
 * started are stopped again and the failure is thrown: a process is whole or not there.
 */
export class Lifecycle {
  private readonly started: Resource[] = [];
  private stopping: Promise<StopReport> | undefined;

  constructor(private readonly resources: readonly Resource[], private readonly options: LifecycleOptions) {}

  async start(): Promise<void> {
    for (const resource of this.resources) {
      if (this.stopping !== undefined) return;
      const startedAt = performance.now();
      try {
        await resource.start();
      } catch (error) {
        this.options.logger.error({ resource: resource.name, err: error }, 'start failed, stopping what was started');
        await this.stop();
        throw error;
      }
      this.started.push(resource);
      this.options.logger.info({ resource: resource.name, tookMs: Math.round(performance.now() - startedAt) }, 'started');
    }
  }

  /** Safe to call again, and while `start` is still going on; the second call waits for the first. */
  stop(): Promise<StopReport> {
    this.stopping ??= this.stopInReverse();
    return this.stopping;
  }

  private async stopInReverse(): Promise<StopReport> {
    const deadlineAt = performance.now() + (this.options.stopDeadlineMs ?? stopDeadlineMsDefault);
    const report: StopReport = { failed: [], late: [] };
    for (let resource = this.started.pop(); resource !== undefined; resource = this.started.pop()) {
      const { name } = resource;
      try {
        const inTime = await within(deadlineAt - performance.now(), Promise.resolve(resource.stop()));
        if (!inTime) report.late.push(name);
      } catch (error) {
        report.failed.push(name);
        this.options.logger.error({ resource: name, err: error }, 'stop failed');
      }
    }
    if (report.late.length > 0) this.options.logger.error({ resources: report.late }, 'not stopped within the deadline');
    return report;
  }
}

export interface StopReport {
  /** Names of resources whose `stop` threw. */
  readonly failed: string[];
  /** Names of resources that had not stopped at the deadline. */
  readonly late: string[];
}

const stopDeadlineMsDefault = 25_000;

/** True when the promise settled in time. What comes later is swallowed: its resource has been given up. */
async function within(timeoutMs: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => { timer = setTimeout(() => resolve(false), Math.max(0, timeoutMs)); });
  try {
    return await Promise.race([promise.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => undefined);
  }
}
