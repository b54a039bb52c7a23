import { ByteReader, ByteWriter } from '@weir/contracts';
import { decodeState, encodeState, type KeyedState, type KernelPlan } from '@weir/windows';

/** What stands before a packed key state: which meaning of its view it belongs to, and since which place in the lane. */
export interface ShardHead {
  /** Hash of the view's meaning (`ViewPlan.meaning`). */
  readonly meaning: string;
  /** Offset of the record that brought this meaning; states of an earlier time of the same view are void. */
  readonly epoch: number;
}

const writer = new ByteWriter();

/** A key's shard as it is stored and read by other lanes; canonical. */
export function encodeShard(head: ShardHead, state: KeyedState): Uint8Array {
  writer.varint(parseInt(head.meaning, 36));
  writer.varint(head.epoch + 1);
  encodeState(writer, state);
  return writer.take();
}

/** The state in a shard; undefined when it belongs to another meaning of the view (or, where it is given, to another time of it). */
export function decodeShard(bytes: Uint8Array, plan: KernelPlan, head: { readonly meaning: string; readonly epoch?: number }): KeyedState | undefined {
  const reader = new ByteReader(bytes);
  if (reader.varint() !== parseInt(head.meaning, 36)) return undefined;
  const epoch = reader.varint() - 1;
  if (head.epoch !== undefined && epoch !== head.epoch) return undefined;
  return decodeState(reader, plan);
}
