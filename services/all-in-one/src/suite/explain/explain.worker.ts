/** The thread of `ExplainThread`. */
import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriority } from '@weir/adapters/threads';
import { serveExplainers } from './serve-explainers';

/** Decisions come first. */
const niceness = 5;

if (parentPort !== null) {
  lowerPriority(niceness);
  serveExplainers(parentPort, String(workerData)); // a folder, given by ExplainThread alone
}
