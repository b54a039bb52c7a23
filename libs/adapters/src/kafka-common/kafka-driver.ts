import type { LogRecord, NewRecord } from '@weir/ports';

/** Records of one partition from an offset on. `next` is where to go on: past control records and what was aborted, which nobody is shown. */
export interface Fetched { readonly records: readonly LogRecord[]; readonly next: number }

/** Reads one partition over a connection of its own, for a fetch that waits at the broker holds up all behind it. One fetch at a time. */
export interface PartitionFetcher {
  /** Waits up to `waitMs` for a first record. @throws OffsetOutOfRange where the log has no such offset, and does not end there. */
  fetch(fromOffset: number, waitMs: number): Promise<Fetched>;
  /** What is under way fails. */
  close(): Promise<void>;
}

/** The offset was deleted, or is past the end. */
export class OffsetOutOfRange extends Error { override readonly name = 'OffsetOutOfRange' }
/** Another owner has taken the lane. */
export class ProducerFenced extends Error { override readonly name = 'ProducerFenced' }

/** What one client library does; everything else of the log is the same for all. Topics are full names. */
export interface KafkaDriver {
  /** Makes the topic where it is missing; gives its number of partitions. */
  ensureTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>>, replicationFactor: number): Promise<number>;
  /** One record batch, acknowledged by all in-sync replicas, written once however often it is sent. One call at a time per topic and partition. */
  produce(topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }>;
  /** The same as the owner of this id. @throws ProducerFenced when another has taken it. */
  produceFenced(id: string, topic: string, partition: number, records: readonly NewRecord[]): Promise<{ firstOffset: number; appendedAtMs: number }>;
  /** Takes the id, which is of this topic and partition alone; whoever had it is fenced from now on. */
  claim(id: string, topic: string, partition: number): Promise<void>;
  /** What is not committed is left out where `committed`. */
  openFetcher(topic: string, partition: number, committed: boolean): PartitionFetcher;
  /** First offset kept, next to be written (where `committed`: next that can be read), per partition asked for. */
  bounds(topic: string, partition: number, committed: boolean): Promise<{ first: number; next: number }>;
  /** First offset at or after the time; undefined when there is none. */
  offsetAt(topic: string, partition: number, timeMs: number): Promise<number | undefined>;
  close(): Promise<void>;
}
