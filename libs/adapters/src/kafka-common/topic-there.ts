import { setTimeout as pause } from 'node:timers/promises';

const waitMsMax = 30_000;
const lookEveryMs = 50;

/**
 * Partitions of a topic that was just made, by us or by somebody else at the same moment: brokers hear of it one after the other, and one that
 * has not yet says that there is no such topic.
 * @throws Error after 30 s.
 */
export async function topicThere(topic: string, partitionsOf: () => Promise<number | undefined>): Promise<number> {
  for (const untilMs = performance.now() + waitMsMax; performance.now() < untilMs; await pause(lookEveryMs)) {
    const partitions = await partitionsOf();
    if (partitions !== undefined) return partitions;
  }
  throw new Error(`topic ${topic} was made, but after ${waitMsMax} ms no broker knows of it`);
}
