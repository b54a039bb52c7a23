import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriority } from '@weir/adapters/threads';
import { HistoryLoop, type FromHistory, type HistoryJob, type ToHistory } from './history-job';

/** Below live traffic. */
const niceness = 10;

/** History in a thread of its own. */
if (parentPort !== null) {
  const port = parentPort;
  lowerPriority(niceness);
  const loop = new HistoryLoop(workerData as HistoryJob, (message: FromHistory) => { // posted by HistoryService alone
    port.postMessage(message);
    if (message.kind === 'done' && stopping === message.id) port.close();
  });
  let stopping: number | undefined;
  port.on('message', (message: ToHistory) => {
    if (message.kind === 'stop') stopping = message.id;
    loop.take(message);
  });
  loop.take({ kind: 'wake' });
}
