/** The thread of `MonitorThread`. */
import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriority } from '@weir/adapters/threads';
import type { MonitorJob } from './monitor-core';
import { serveMonitor } from './serve-monitor';

/** Decisions come first. */
const niceness = 10;

if (parentPort !== null) {
  lowerPriority(niceness);
  serveMonitor(parentPort, workerData as MonitorJob); // made by MonitorThread alone
}
