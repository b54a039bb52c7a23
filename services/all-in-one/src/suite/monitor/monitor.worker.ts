/** The thread of `MonitorThread`. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { MonitorJob } from './monitor-core';
import { serveMonitor } from './serve-monitor';

/** Decisions come first. */
const niceness = 10;

if (parentPort !== null) {
  // On Linux the priority of 0 is that of the calling thread alone; elsewhere it may be the process's, so it is left as it is.
  if (process.platform === 'linux') setPriority(0, niceness);
  serveMonitor(parentPort, workerData as MonitorJob); // made by MonitorThread alone
}
