/** The thread of `ThreadedDecisionStore`. */
import { parentPort, workerData } from 'node:worker_threads';
import { serveDecisions, type DecisionJob } from './serve-decisions';

if (parentPort !== null) serveDecisions(parentPort, workerData as DecisionJob); // made by ThreadedDecisionStore alone
