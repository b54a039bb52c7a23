import { setTimeout as pause } from 'node:timers/promises';

const looksMax = 3_000, pauseMs = 20;

/** Looks again until it holds, for a minute at least; gives what was seen then. @throws Error with what was seen last. */
export async function soon<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean = Boolean): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (looks >= looksMax) throw new Error(`it did not come; seen last: ${JSON.stringify(seen)}`);
    await pause(pauseMs);
  }
}
