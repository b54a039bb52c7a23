import { setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openHistoricBeside, type LogPlace } from '../replay/log-beside';
import { laneReader } from '../replay/lane-reader';
import { checkLane, type CheckOrder, type KeyCheck } from './lane-check';

/** What the thread has to know; `history`: folder of the files that hold the log's older half. */
export interface CheckJob extends LogPlace { readonly history: string }
/** What it is told, one at a time, and what it tells. */
export type ToCheck = { readonly kind: 'check'; readonly order: CheckOrder };
export type FromCheck = { readonly kind: 'checked'; readonly keys: readonly KeyCheck[]; readonly cpuMicros: number } | { readonly kind: 'failed'; readonly message: string };

/** How far below live traffic it runs. */
const niceness = 15;

function run(port: MessagePort, job: CheckJob): void {
  // On Linux the priority of 0 is that of the calling thread alone; elsewhere it may be the process's, so it is left as it is.
  if (process.platform === 'linux') setPriority(0, niceness);
  const say = (message: FromCheck): void => { port.postMessage(message); };
  port.on('message', ({ order }: ToCheck) => {
    const before = process.threadCpuUsage();
    checked(job, order).then(
      (keys) => { const { user, system } = process.threadCpuUsage(before); say({ kind: 'checked', keys, cpuMicros: user + system }); },
      (error: unknown) => { say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }); },
    );
  });
}

/** What the log forgets meanwhile is in history: opened anew for each order. */
async function checked(job: CheckJob, order: CheckOrder): Promise<KeyCheck[]> {
  const log = await openHistoricBeside(job, job.history);
  try { return await checkLane(order, laneReader(log)); } finally { await log.close(); }
}

if (parentPort !== null) run(parentPort, workerData as CheckJob); // posted by OnlineCheck alone
