export { AskedThread, type AskedThreadOptions } from './asked-thread';
export { lowerPriority } from './lower-priority';
export { OrderedThread } from './ordered-thread';
export { errorOf, failureOf, serveAsked, type Failure } from './serve-asked';
export { builtWorker, startWorker } from './start-worker';
