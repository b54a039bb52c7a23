import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { lowerPriority } from '@weir/adapters/threads';
import { openHistoricBeside, type HistoricPlace } from '../replay/log-beside';
import { laneReader } from '../replay/lane-reader';
import { checkLane, type CheckOrder, type KeyCheck } from './lane-check';

/** What the thread has to know. */
export type CheckJob = HistoricPlace;
/** What an order gives; orders are given one at a time. */
export type Checked = { readonly keys: readonly KeyCheck[]; readonly cpuMicros: number } | { readonly error: string };

/** How far below live traffic it runs. */
const niceness = 15;

function run(port: MessagePort, job: CheckJob): void {
  lowerPriority(niceness);
  port.on('message', (order: CheckOrder) => {
    const before = process.threadCpuUsage();
    checked(job, order).then(
      (keys): Checked => { const { user, system } = process.threadCpuUsage(before); return { keys, cpuMicros: user + system }; },
      (error: unknown): Checked => ({ error: error instanceof Error ? error.message : String(error) }),
    ).then((said) => { port.postMessage(said); }, () => undefined);
  });
}

/** What the log forgets meanwhile is in history: opened anew for each order. */
async function checked(job: CheckJob, order: CheckOrder): Promise<KeyCheck[]> {
  const log = await openHistoricBeside(job);
  try { return await checkLane(order, laneReader(log)); } finally { await log.close(); }
}

if (parentPort !== null) run(parentPort, workerData as CheckJob); // posted by OnlineCheck alone
