import { rmSync } from 'node:fs';
import { runningFile } from '../client';

/**
 * SIGTERM and SIGINT stop what `up` started and end the process with 0, or 1 where something did not end cleanly; a second signal ends it at once. Gives the way to
 * end it with another code. @param stop tells whether all ended cleanly.
 */
export function endOnSignals(stop: () => Promise<boolean>): (code: number) => Promise<never> {
  let isEnding = false;
  const end = async (code: number): Promise<never> => {
    if (isEnding) process.exit(1);
    isEnding = true;
    const isClean = await stop();
    rmSync(runningFile(), { force: true });
    process.exit(isClean ? code : 1);
  };
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  return end;
}
