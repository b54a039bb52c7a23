import { getPriority, setPriority } from 'node:os';

/** Puts the calling thread below live traffic. On Linux the priority of 0 is that of the thread alone; elsewhere it may be the process's, so it is left as it is. A process that runs lower already stays there: most may not raise themselves. */
export function lowerPriority(niceness: number): void {
  if (niceness > 0 && process.platform === 'linux' && getPriority(0) < niceness) setPriority(0, niceness);
}
