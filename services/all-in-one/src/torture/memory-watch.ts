import { readFileSync } from 'node:fs';
import type { ServiceName } from '../services/service-config';
import type { ServiceProcesses } from '../services/service-processes';

const everyMs = 500;

/** The largest memory of each service's processes, MB: what is their own, without pages of mapped files, which the system takes back. Linux. */
export class MemoryWatch {
  private readonly mostByService = new Map<ServiceName, number>();
  private sinceBegin = new Map<ServiceName, number>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly processes: ServiceProcesses) { this.timer = setInterval(() => this.look(), everyMs).unref(); }

  get mostMb(): Readonly<Record<string, number>> { return Object.fromEntries(this.mostByService); }
  /** Of the time since `begin`. */
  get sinceBeginMb(): Readonly<Record<string, number>> { return Object.fromEntries(this.sinceBegin); }
  begin(): void { this.sinceBegin = new Map(); }
  stop(): void { clearInterval(this.timer); }

  private look(): void {
    for (const { name, pid } of this.processes.pids()) {
      const mb = Math.round(residentKb(pid) / 1_024);
      for (const most of [this.mostByService, this.sinceBegin]) if (mb > (most.get(name) ?? 0)) most.set(name, mb);
    }
  }
}

function residentKb(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has just ended
  }
}
