import type { IngestRefusal } from '@weir/contracts';

/** Sends an answer to a reply address; best effort, never fails. */
export interface ReplySender { send(address: string, reply: Uint8Array): void }

/** What a service answers of one record, as it travels. `decision`: the value of the record in `decisions`. */
export type WireReply =
  | { readonly kind: 'decided'; readonly lane: number; readonly offset: number; readonly decision: Uint8Array }
  | { readonly kind: 'accepted'; readonly lane: number; readonly offset: number }
  | { readonly kind: 'refused'; readonly lane: number; readonly offset: number; readonly refusal: IngestRefusal };

const headBytes = 13;
const kinds = ['decided', 'accepted', 'refused'] as const;

/** Kind (1 byte), lane (u32), offset (f64), then the decision, nothing, or the refusal as JSON. */
export function encodeReply(reply: WireReply): Uint8Array {
  const rest = reply.kind === 'decided' ? reply.decision : reply.kind === 'refused' ? Buffer.from(JSON.stringify(reply.refusal), 'utf8') : new Uint8Array(0);
  const bytes = Buffer.allocUnsafe(headBytes + rest.length);
  bytes[0] = kinds.indexOf(reply.kind);
  bytes.writeUInt32LE(reply.lane, 1);
  bytes.writeDoubleLE(reply.offset, 5);
  bytes.set(rest, headBytes);
  return bytes;
}

/** Undefined for bytes that are no reply. */
export function decodeReply(bytes: Uint8Array): WireReply | undefined {
  if (bytes.length < headBytes) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lane = buffer.readUInt32LE(1), offset = buffer.readDoubleLE(5), rest = buffer.subarray(headBytes);
  switch (kinds[buffer[0] ?? -1]) {
    case 'decided': return { kind: 'decided', lane, offset, decision: rest };
    case 'accepted': return { kind: 'accepted', lane, offset };
    case 'refused': return { kind: 'refused', lane, offset, refusal: JSON.parse(rest.toString('utf8')) as IngestRefusal }; // written by encodeReply alone
    case undefined: return undefined;
  }
}
