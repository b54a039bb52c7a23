import type { EventLog, NewRecord, Topic } from '@weir/ports';
import type { OutputRecord } from './lane-work';

/** Bytes of one append; a log takes no more than 32 MB at once. */
const bytesPerAppendMax = 8 << 20;

interface Waiting { readonly outputs: readonly OutputRecord[]; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/**
 * Appends one topic's outputs of one lane in order, one append at a time; what comes meanwhile goes together. After a failure nothing more is written, so there is never a gap; nor is it
 * tried again here, for nobody knows whether it was written: the lane starts again, claims its topics, and looks what they hold.
 */
export class OutputQueue {
  private waiting: Waiting[] = [];
  private writing: Promise<void> | undefined;
  private failure: unknown;

  /** `durable`: origin up to which the topic holds everything; what is at or below is not written again. */
  constructor(private readonly log: EventLog, private readonly place: { readonly topic: Topic; readonly lane: number }, readonly durable: number) {}

  /** Resolves when all of them are durable. */
  write(outputs: readonly OutputRecord[]): Promise<void> {
    const wanted = outputs.filter(({ origin }) => origin > this.durable);
    if (wanted.length === 0) return this.writing ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiting.push({ outputs: wanted, resolve, reject });
      this.writing ??= this.drain();
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const taken = this.waiting;
      this.waiting = [];
      try {
        if (this.failure !== undefined) throw this.failure;
        const outputs = taken.length === 1 ? (taken[0] as Waiting).outputs : taken.flatMap((each) => each.outputs);
        for (const part of partsOf(outputs)) await this.log.append(this.place.topic, this.place.lane, part);
        for (const each of taken) each.resolve();
      } catch (error) {
        this.failure = error;
        for (const each of taken) each.reject(error);
      }
    }
    this.writing = undefined;
  }
}

/** Cut between two origins only: the last record of a topic says that all of its origin, and of those before, are there. */
function partsOf(outputs: readonly OutputRecord[]): ReadonlyArray<readonly NewRecord[]> {
  const parts: NewRecord[][] = [];
  let part: NewRecord[] = [], bytes = 0, last = -1;
  for (const { origin, record } of outputs) {
    const size = record.value.length + 128;
    if (part.length > 0 && origin !== last && bytes + size > bytesPerAppendMax) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(record);
    bytes += size;
    last = origin;
  }
  parts.push(part);
  return parts;
}
