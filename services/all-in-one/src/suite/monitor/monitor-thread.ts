import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import type { MonitorJob } from './monitor-core';
import { serveMonitor, type MonitorAnswer, type MonitorCall, type MonitorCalls, type MonitorQuestion } from './serve-monitor';

/** The monitors in a thread of their own; uncompiled sources have none to start, and are served in this one by the same messages. */
export class MonitorThread {
  readonly isThread: boolean;
  private readonly port: MessagePort | Worker;
  private readonly waiting = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }>();
  private asked = 0;
  private gone: Error | undefined;

  constructor(job: MonitorJob) {
    const built = join(__dirname, 'monitor.worker.js');
    this.isThread = existsSync(built);
    if (this.isThread) {
      const worker = new Worker(built, { workerData: job });
      worker.on('error', (error) => this.giveUp(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => this.giveUp(new Error('the thread of the monitors ended')));
      this.port = worker;
    } else {
      const { port1, port2 } = new MessageChannel();
      serveMonitor(port2, job);
      this.port = port1;
    }
    this.port.on('message', (said: MonitorAnswer) => this.take(said));
    this.port.unref();
  }

  ask<Call extends MonitorCall>(call: Call, asked: MonitorCalls[Call]['asked']): Promise<MonitorCalls[Call]['answer']> {
    if (this.gone !== undefined) return Promise.reject(this.gone);
    const number = this.asked++;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve: (answer) => resolve(answer as MonitorCalls[Call]['answer']), reject }); // serveMonitor answers each call in its own form
      this.port.postMessage({ number, call, asked } as MonitorQuestion);
    });
  }

  async close(): Promise<void> {
    if (this.gone === undefined) await this.ask('close', null);
    this.gone ??= new Error('the monitors are closed');
    if (this.port instanceof Worker) await this.port.terminate();
    else this.port.close();
  }

  private take({ number, answer, error }: MonitorAnswer): void {
    const waiter = this.waiting.get(number);
    this.waiting.delete(number);
    if (error === undefined) waiter?.resolve(answer);
    else waiter?.reject(new Error(error));
  }

  private giveUp(error: Error): void {
    this.gone ??= error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
