/** A question on its way through the services of a lane: what would be decided now. It goes over the reply channels, from owner to owner, and leaves nothing behind. */
export interface Simulation {
  /** Of the gateway that asked. */
  readonly address: string;
  /** By which it knows the answer again: below 0, where no record is. */
  readonly ticket: number;
  /** For ingest the event as JSON (`RawBody`), then the item as one service hands it to the next. */
  readonly payload: Uint8Array;
}

/** What a service makes of it: what the next one is asked, or the answer (a `WireReply` without its place). */
export type SimulationStep = { readonly kind: 'next'; readonly payload: Uint8Array } | { readonly kind: 'answer'; readonly reply: (at: { readonly lane: number; readonly offset: number }) => Uint8Array };

/** Where the owner of a lane listens. */
export const simulationAddress = (service: string, lane: number): string => `simulate-${service}-${lane}`;

/** The offset that a simulated event has: behind every record. */
export const simulatedOffset = Number.MAX_SAFE_INTEGER;

/** Ticket (f64), length of the address (u16), address, payload. */
export function encodeSimulation({ address, ticket, payload }: Simulation): Uint8Array {
  const name = Buffer.from(address, 'utf8'), bytes = Buffer.allocUnsafe(10 + name.length + payload.length);
  bytes.writeDoubleLE(ticket, 0);
  bytes.writeUInt16LE(name.length, 8);
  bytes.set(name, 10);
  bytes.set(payload, 10 + name.length);
  return bytes;
}

/** Undefined for bytes that are none. */
export function decodeSimulation(bytes: Uint8Array): Simulation | undefined {
  if (bytes.length < 10) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), end = 10 + buffer.readUInt16LE(8);
  return end > buffer.length ? undefined : { ticket: buffer.readDoubleLE(0), address: buffer.toString('utf8', 10, end), payload: buffer.subarray(end) };
}
