import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import { repositoryRoot } from '../folders';
import { serviceNames, type ServiceName } from './service-config';

export interface ServiceProcessesOptions {
  /** What every service gets: WEIR_KAFKA_BROKERS and the others. */
  readonly env: Readonly<Record<string, string>>;
  /** Of the gateway; 0 takes a free one. */
  readonly port: number;
  /** Where the services' log lines go; default: standard error. */
  readonly logPath?: string;
  /** Processes of each service; default one. */
  readonly count?: (name: ServiceName) => number;
  /** A process that ended by itself or was killed is started again. */
  readonly restarts?: boolean;
}

interface Kept { readonly name: ServiceName; readonly instance: string; child: ChildProcess; stopping: boolean; ready: Promise<Ready>; restartsLeft: number }
/** What a service says when it is. */
export interface Ready { readonly url?: string; readonly grpc?: string | null; readonly port?: number; readonly api_key?: string }

const restartPauseMs = 200, restartsMax = 10_000;
const stopWithinMs = 30_000;
/** A process that does not come up at the first start is given so many. */
const firstStartsMax = 5;

/** The five services as processes of this machine, each started again when it ends: what an orchestrator does, for trials and tests. */
export class ServiceProcesses {
  private readonly kept = new Map<string, Kept>();
  private readonly log: WriteStream | undefined;
  private port: number;
  /** Restarts by service. */
  readonly restarted = new Map<ServiceName, number>();

  constructor(private readonly options: ServiceProcessesOptions) {
    this.log = options.logPath === undefined ? undefined : createWriteStream(options.logPath, { flags: 'a' });
    this.port = options.port;
    // Nobody is left behind by a process that ends at once.
    process.once('exit', () => { for (const { child } of this.kept.values()) child.kill('SIGKILL'); });
  }

  /** Resolves when every service is ready. @throws WeirError WEIR_USAGE when one ends before. */
  async start(): Promise<Ready> {
    for (const name of serviceNames) for (let index = 0; index < (this.options.count?.(name) ?? 1); index += 1) this.launch(name, String(index + 1));
    const [gateway] = await Promise.all([this.readyAtLast('gateway', '1'), ...[...this.kept.values()].map(({ name, instance }) => this.readyAtLast(name, instance))]);
    this.port = gateway.url === undefined ? this.port : Number(new URL(gateway.url).port);
    return gateway;
  }

  pid(name: ServiceName, instance = '1'): number { return this.one(name, instance).child.pid ?? -1; }

  /** Sends a signal; after SIGKILL the process is started again, where that is asked for. */
  signal(name: ServiceName, signal: NodeJS.Signals, instance = '1'): void { this.one(name, instance).child.kill(signal); }

  /** Starts one more process of a service. Resolves when it is ready. */
  add(name: ServiceName, instance: string): Promise<Ready> {
    this.launch(name, instance);
    return this.ready(name, instance);
  }

  /** Ends one process with SIGTERM, for good; whether it ended cleanly. */
  async remove(name: ServiceName, instance: string): Promise<boolean> {
    const kept = this.one(name, instance);
    this.kept.delete(`${name}-${instance}`);
    return end(kept);
  }

  /** Resolves when the process that runs now is ready, with what it said. */
  ready(name: ServiceName, instance = '1'): Promise<Ready> { return this.one(name, instance).ready; }

  /** The processes that run now. */
  pids(): ReadonlyArray<{ readonly name: ServiceName; readonly pid: number }> { return [...this.kept.values()].map(({ name, child }) => ({ name, pid: child.pid ?? -1 })); }

  /** Ends all with SIGTERM, the gateway first; gives the names of those that did not end cleanly. */
  async stop(): Promise<readonly string[]> {
    const unclean: string[] = [];
    for (const name of [...serviceNames].reverse()) {
      await Promise.all([...this.kept.values()].filter((kept) => kept.name === name).map(async (kept) => { if (!(await end(kept))) unclean.push(`${name} ${kept.instance}`); }));
    }
    this.kept.clear();
    this.log?.end();
    return unclean;
  }

  /** Of the process, or, where they are started again, of one of the next. */
  private async readyAtLast(name: ServiceName, instance: string): Promise<Ready> {
    for (let attempt = 1; ; attempt += 1) {
      const kept = this.one(name, instance);
      try {
        return await kept.ready;
      } catch (error) {
        if (this.options.restarts !== true || attempt >= firstStartsMax) throw error;
      }
      while (this.kept.get(`${name}-${instance}`) === kept) await sleep(restartPauseMs);
    }
  }

  private launch(name: ServiceName, instance: string): void {
    const env = {
      ...process.env, ...this.options.env, WEIR_INSTANCE_ID: instance, WEIR_HTTP_HOST: '127.0.0.1', WEIR_HTTP_PORT: '0',
      ...(name === 'gateway' ? { GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: String(instance === '1' ? this.port : 0) } : {}),
    };
    const child = spawn(process.execPath, ['--enable-source-maps', '--disable-warning=ExperimentalWarning', join(repositoryRoot(), 'dist/services/all-in-one/src/main.js'), 'service', name, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.log === undefined) child.stderr.pipe(process.stderr, { end: false });
    else child.stderr.pipe(this.log, { end: false });
    const before = this.kept.get(`${name}-${instance}`);
    const kept: Kept = { name, instance, child, stopping: false, restartsLeft: before?.restartsLeft ?? restartsMax, ready: readyLine(child, name) };
    kept.ready.catch(() => undefined);
    this.kept.set(`${name}-${instance}`, kept);
    child.once('exit', () => {
      if (kept.stopping || this.options.restarts !== true || kept.restartsLeft === 0) return;
      kept.restartsLeft -= 1;
      this.restarted.set(name, (this.restarted.get(name) ?? 0) + 1);
      // Who waits for it waits for the next one.
      setTimeout(() => { if (!kept.stopping) this.launch(name, instance); }, restartPauseMs);
    });
  }

  private one(name: ServiceName, instance = '1'): Kept {
    const kept = this.kept.get(`${name}-${instance}`);
    if (kept === undefined) throw new WeirError('WEIR_NOT_FOUND', `no ${name} ${instance} was started`);
    return kept;
  }
}

function readyLine(child: ChildProcess, name: ServiceName): Promise<Ready> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => reject(new WeirError('WEIR_USAGE', `${name} ended with ${signal ?? code} before it was ready`)));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => { if (line.startsWith('{"ready":true')) resolve(JSON.parse(line) as Ready); }); // written by `weir service --json`
  });
}

async function end(kept: Kept): Promise<boolean> {
  kept.stopping = true;
  const { child } = kept;
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode === 0;
  const ended = new Promise<boolean>((resolve) => { child.once('exit', (code) => resolve(code === 0)); });
  child.kill('SIGTERM');
  child.kill('SIGCONT');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}
