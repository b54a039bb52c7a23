import { setPriority } from 'node:os';

/** Decisions come first: the thread that calls it runs so far below them. On Linux the priority of 0 is the calling thread's alone; elsewhere it may be the process's, so it is left as it is. */
export function lowerPriority(niceness: number): void {
  if (niceness > 0 && process.platform === 'linux') setPriority(0, niceness);
}
