import { setTimeout as pause } from 'node:timers/promises';

const waitMsMax = 30_000;
const lookEveryMs = 50;

/**
 * What brokers say of a topic, once they know of it: one that was just made, by us or by somebody else at the same moment, they hear of one after
 * the other, and a partition's leader is the last to. `ask` gives undefined while the one asked knows of none.
 * @throws Error after 30 s.
 */
export async function topicThere<T>(topic: string, ask: () => Promise<T | undefined>): Promise<T> {
  for (const untilMs = performance.now() + waitMsMax; performance.now() < untilMs; await pause(lookEveryMs)) {
    const answer = await ask();
    if (answer !== undefined) return answer;
  }
  throw new Error(`after ${waitMsMax} ms no broker knows of topic ${topic}, or of its leader`);
}
