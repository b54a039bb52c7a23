import { ByteReader, ByteWriter, WeirError } from '@weir/contracts';
import type { CompiledPattern } from './compile';
import { KeyState, type Held, type Run, type Start, type Taken } from './key-state';

/** How an event a partial match holds is written; the bytes of equal events must be equal. */
export interface EventCodec<E> {
  encode(event: E): Uint8Array;
  decode(bytes: Uint8Array): E;
}

const keyStateFormat = 1;

/**
 * A key's state as canonical bytes: each held event and each shared beginning of matches once. The same state has the same bytes, whatever
 * way led there.
 */
export function encodeKeyState<E>(state: KeyState<E>, codec: EventCodec<E>): Uint8Array {
  const writer = new ByteWriter();
  const chains = new ChainTable<E>();
  const places = state.runsByPlace.map((runs) => (runs ?? []).filter((run) => !run.dead).map((run) => chains.add(run.last)));
  const waiting = state.waiting.map(({ last, byEvent }) => ({ chain: chains.add(last), byEvent }));
  writer.byte(keyStateFormat);
  writer.varint(state.nextSeq);
  chains.write(writer, codec);
  const used = places.flatMap((runs, place) => (runs.length > 0 ? [{ place, runs }] : []));
  writer.varint(used.length);
  for (const { place, runs } of used) {
    writer.varint(place);
    writer.varint(runs.length);
    for (const chain of runs) writer.varint(chain);
  }
  writer.varint(waiting.length);
  for (const { chain, byEvent } of waiting) { writer.varint(chain); writer.byte(byEvent ? 1 : 0); }
  return writer.take();
}

/** When the first partial match of a state is over, ms; Infinity for none. A function of what is alive, where the state's own deadline may be early. */
export function dueMsOf<E>(state: KeyState<E>, compiled: CompiledPattern<E>): number {
  let dueMs = Infinity;
  if (compiled.withinMs !== undefined) for (const start of state.starts) if (start.live > 0) dueMs = Math.min(dueMs, start.timeMs + compiled.withinMs);
  state.runsByPlace.forEach((runs, place) => {
    const windowMs = compiled.automaton.places[place]?.windowMs ?? 0;
    if (windowMs > 0) for (const run of runs ?? []) if (!run.dead) dueMs = Math.min(dueMs, run.last.held.timeMs + windowMs);
  });
  return dueMs;
}

/** @throws WeirError WEIR_STORE_FAILED for bytes of another format or pattern. */
export function decodeKeyState<E>(bytes: Uint8Array, compiled: CompiledPattern<E>, codec: EventCodec<E>): KeyState<E> {
  const reader = new ByteReader(bytes);
  const format = reader.byte();
  if (format !== keyStateFormat) throw new WeirError('WEIR_STORE_FAILED', `pattern state of format ${format}, expected ${keyStateFormat}`);
  const state = new KeyState<E>();
  state.nextSeq = reader.varint();
  const chains = readChains(reader, codec);
  const startBySeq = new Map<number, Start<E>>();
  for (let left = reader.varint(); left > 0; left--) {
    const place = reader.varint();
    const windowMs = compiled.automaton.places[place]?.windowMs;
    if (windowMs === undefined) throw new WeirError('WEIR_STORE_FAILED', `pattern state names place ${place}, which the pattern lacks`);
    for (let runs = reader.varint(); runs > 0; runs--) {
      const last = chainAt(chains, reader.varint());
      const run: Run<E> = { place, start: startOf(last, startBySeq), last, dead: false };
      state.addRun(run);
      if (windowMs > 0) state.pauses.push(last.held.timeMs + windowMs, run);
    }
  }
  for (let left = reader.varint(); left > 0; left--) {
    const last = chainAt(chains, reader.varint());
    state.waiting.push({ startSeq: firstOf(last).seq, last, byEvent: reader.byte() === 1 });
  }
  state.starts = [...startBySeq.values()].sort((a, b) => a.seq - b.seq);
  if (compiled.withinMs !== undefined) for (const start of state.starts) state.windows.push(start.timeMs + compiled.withinMs, start);
  return state;
}

/** Numbers held events and chains so that equal ones are written once. */
class ChainTable<E> {
  private readonly heldBySeq = new Map<number, Held<E>>();
  private readonly numberByTaken = new Map<Taken<E>, number>();
  private readonly numberByText = new Map<string, number>();
  private readonly rows: { readonly seq: number; readonly step: number; /** 0: none, else number + 1. */ readonly before: number }[] = [];

  add(last: Taken<E>): number {
    const path: Taken<E>[] = [];
    let at: Taken<E> | undefined = last;
    for (; at !== undefined && !this.numberByTaken.has(at); at = at.before) path.push(at);
    let number = at === undefined ? -1 : this.numberByTaken.get(at) ?? -1;
    for (const taken of path.reverse()) number = this.row(taken, number + 1);
    return number;
  }

  private row(taken: Taken<E>, before: number): number {
    const { held: { seq }, step } = taken;
    const text = `${seq}/${step}/${before}`;
    let number = this.numberByText.get(text);
    if (number === undefined) {
      number = this.rows.push({ seq, step, before }) - 1;
      this.numberByText.set(text, number);
      this.heldBySeq.set(seq, taken.held);
    }
    this.numberByTaken.set(taken, number);
    return number;
  }

  write(writer: ByteWriter, codec: EventCodec<E>): void {
    const held = [...this.heldBySeq.values()].sort((a, b) => a.seq - b.seq);
    const indexBySeq = new Map(held.map(({ seq }, index) => [seq, index]));
    writer.varint(held.length);
    let seqBefore = 0, timeBefore = 0;
    for (const { seq, timeMs, event } of held) {
      writer.varint(seq - seqBefore);
      writer.zigzag(timeMs - timeBefore);
      writer.block(codec.encode(event));
      seqBefore = seq;
      timeBefore = timeMs;
    }
    writer.varint(this.rows.length);
    for (const { seq, step, before } of this.rows) { writer.varint(indexBySeq.get(seq) ?? 0); writer.varint(step); writer.varint(before); }
  }
}

function readChains<E>(reader: ByteReader, codec: EventCodec<E>): Taken<E>[] {
  const held: Held<E>[] = [];
  let seq = 0, timeMs = 0;
  for (let left = reader.varint(); left > 0; left--) {
    seq += reader.varint();
    timeMs += reader.zigzag();
    held.push({ seq, timeMs, event: codec.decode(reader.block()) });
  }
  const chains: Taken<E>[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const event = held[reader.varint()], step = reader.varint(), before = reader.varint();
    if (event === undefined) throw new WeirError('WEIR_STORE_FAILED', 'pattern state names an event it lacks');
    chains.push({ held: event, step, before: before === 0 ? undefined : chainAt(chains, before - 1) });
  }
  return chains;
}

function chainAt<E>(chains: readonly Taken<E>[], number: number): Taken<E> {
  const chain = chains[number];
  if (chain === undefined) throw new WeirError('WEIR_STORE_FAILED', `pattern state names chain ${number} of ${chains.length}`);
  return chain;
}

function firstOf<E>(last: Taken<E>): Held<E> {
  let taken = last;
  while (taken.before !== undefined) taken = taken.before;
  return taken.held;
}

function startOf<E>(last: Taken<E>, startBySeq: Map<number, Start<E>>): Start<E> {
  const { seq, timeMs } = firstOf(last);
  const known = startBySeq.get(seq);
  if (known) return known;
  const start: Start<E> = { seq, timeMs, live: 0, runs: [], branched: 0 };
  startBySeq.set(seq, start);
  return start;
}
