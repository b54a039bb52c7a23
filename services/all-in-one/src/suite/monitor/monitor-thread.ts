import { AskedThread, builtWorker } from '@weir/adapters/threads';
import type { MonitorJob } from './monitor-core';
import { serveMonitor, type MonitorCall, type MonitorCalls, type MonitorQuestion } from './serve-monitor';

/** The monitors in a thread of their own. */
export class MonitorThread {
  private readonly thread: AskedThread<MonitorQuestion, unknown, MonitorJob>;

  constructor(job: MonitorJob) {
    this.thread = new AskedThread({ built: builtWorker(__dirname, 'monitor.worker'), job, serve: serveMonitor, gone: (cause) => new Error('the thread of the monitors ended', { cause }) });
  }

  /** Whether they take no time of this thread. */
  get isThread(): boolean { return this.thread.isBeside; }

  async ask<Call extends MonitorCall>(call: Call, asked: MonitorCalls[Call]['asked']): Promise<MonitorCalls[Call]['answer']> {
    return await this.thread.ask({ call, asked } as MonitorQuestion) as MonitorCalls[Call]['answer']; // serveMonitor answers each call in its own form
  }

  async close(): Promise<void> {
    if (!this.thread.isGone) await this.ask('close', null);
    await this.thread.close();
  }
}
