/** The thread of `ExplainThread`. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { serveExplainers } from './serve-explainers';

/** Decisions come first. */
const niceness = 5;

if (parentPort !== null) {
  // On Linux the priority of 0 is that of the calling thread alone; elsewhere it may be the process's, so it is left as it is.
  if (process.platform === 'linux') setPriority(0, niceness);
  serveExplainers(parentPort, String(workerData)); // a folder, given by ExplainThread alone
}
