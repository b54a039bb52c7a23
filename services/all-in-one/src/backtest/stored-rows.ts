import type { Decision, Verdict } from '@weir/contracts';
import type { DecisionRow, DecisionStore } from '@weir/ports';
import { degradedCause, verdictJson } from '@weir/rules';
import { decodeDecision, encodeDecision } from '../suite/decision-rows';
import { verdictLine } from '../suite/verdict-lines';
import type { StoredVerdict } from './stored-comparison';

/**
 * Stored decisions of a lane as a few arrays: their bytes are copied and nothing else is done with them, so that having them at hand
 * costs next to nothing.
 */
export interface StoredPack {
  readonly offsets: Float64Array;
  readonly receivedAtMs: Float64Array;
  /** Index into `layouts`, per decision. */
  readonly layoutOf: Uint32Array;
  /** JSON text of each layout; empty for decisions that are stored as JSON text. */
  readonly layouts: readonly string[];
  /** End of each decision in `bytes`. */
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A stretch of a lane: decisions from an offset on, in their order, at least one where there is one. */
export type ReadPack = (fromOffset: number, rowsMax: number) => Promise<StoredPack>;

export function readPacks(store: Pick<DecisionStore, 'range'>, lane: number): ReadPack {
  return async (fromOffset, rowsMax) => packStored(await store.range(lane, fromOffset, rowsMax));
}

export function packStored(rows: readonly DecisionRow[]): StoredPack {
  const count = rows.length, layouts: string[] = [], indexById = new Map<string, number>();
  const offsets = new Float64Array(count), receivedAtMs = new Float64Array(count), layoutOf = new Uint32Array(count), ends = new Uint32Array(count);
  // Rows are not taken apart, for `json` is made when it is asked for.
  const parts = rows.map((row) => row.packed?.bytes ?? Buffer.from(row.json, 'utf8'))
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  rows.forEach(({ offset, receivedAtMs: atMs, packed }, row) => {
    const id = packed?.layoutId ?? '', part = parts[row] ?? bytes;
    let index = indexById.get(id);
    if (index === undefined) indexById.set(id, (index = layouts.push(packed?.layout() ?? '') - 1));
    bytes.set(part, end);
    end += part.length;
    offsets[row] = offset;
    receivedAtMs[row] = atMs;
    layoutOf[row] = index;
    ends[row] = end;
  });
  return { offsets, receivedAtMs, layoutOf, layouts, ends, bytes };
}

const bytesOf = ({ bytes, ends }: StoredPack, row: number): Uint8Array => bytes.subarray(row === 0 ? 0 : ends[row - 1], ends[row]);

/** The decision of a row; undefined where it is stored as text. */
export function decisionOf(pack: StoredPack, row: number): Decision | undefined {
  const layout = layoutOfRow(pack, row);
  return layout === '' ? undefined : decodeDecision(layout, bytesOf(pack, row));
}

const layoutOfRow = (pack: StoredPack, row: number): string => pack.layouts[pack.layoutOf[row] as number] ?? '';

/** Answers questions about the decisions of a lane, which mostly go on where the one before ended; what was asked last may be asked once more. */
export class StoredReader {
  private pack: StoredPack | undefined;
  private row = 0;
  private recent = new Map<number, StoredVerdict | undefined>();

  constructor(private readonly read: ReadPack, private readonly rowsMax: number) {}

  /** Stored verdicts of ascending offsets; undefined where none is. */
  async at(offsets: readonly number[]): Promise<readonly (StoredVerdict | undefined)[]> {
    if (!offsets.some((offset) => this.recent.has(offset))) this.recent = new Map();
    const found: (StoredVerdict | undefined)[] = [];
    for (const offset of offsets) {
      if (!this.recent.has(offset)) this.recent.set(offset, await this.one(offset));
      found.push(this.recent.get(offset));
    }
    return found;
  }

  private async one(offset: number): Promise<StoredVerdict | undefined> {
    const pack = await this.reach(offset);
    return pack?.offsets[this.row] === offset ? storedVerdict(pack, this.row) : undefined;
  }

  /** The pack whose row is the first at or behind the offset; undefined at the end. */
  private async reach(offset: number): Promise<StoredPack | undefined> {
    if (this.pack === undefined || (this.pack.offsets[0] ?? Infinity) > offset) await this.turn(offset);
    else if ((this.pack.offsets[this.row - 1] ?? -1) >= offset) this.row = 0;
    for (;;) {
      const found = this.pack?.offsets[this.row], last = this.pack?.offsets.at(-1);
      if (last === undefined) return undefined;
      if (found !== undefined && found >= offset) return this.pack;
      if (found === undefined) await this.turn(last + 1);
      else this.row += 1;
    }
  }

  private async turn(toOffset: number): Promise<void> {
    this.pack = await this.read(toOffset, this.rowsMax);
    this.row = 0;
  }
}

function storedVerdict(pack: StoredPack, row: number): StoredVerdict {
  const decision = decisionOf(pack, row);
  return decision === undefined ? storedText(textOf(pack, row)) : storedDecision(pack, row, decision);
}

/** Stored verdicts of the pack before an offset. */
export function* storedBefore(pack: StoredPack, endOffset: number): Generator<{ readonly offset: number; readonly id: string; readonly event_time: number }, void, undefined> {
  for (const [row, offset] of pack.offsets.entries()) {
    if (offset >= endOffset) return;
    const { id, event_time } = decisionOf(pack, row)?.verdict ?? (JSON.parse(verdictLine(textOf(pack, row))) as Verdict); // a canonical verdict
    yield { offset, id, event_time };
  }
}

const textOf = (pack: StoredPack, row: number): string => Buffer.from(bytesOf(pack, row)).toString('utf8');

/** A verdict that was stored packed: another one is the same when packing it gives the bytes that are there. */
export function storedDecision(pack: StoredPack, row: number, { verdict: stored, meta }: Decision): StoredVerdict {
  return {
    ...countedParts(stored), line: () => verdictJson(stored),
    equals: (verdict) => {
      if (verdict.set !== stored.set) return false;
      try { return Buffer.compare(encodeDecision(layoutOfRow(pack, row), { verdict, meta }), bytesOf(pack, row)) === 0; } catch { return false; } // a name the layout has not: it is not the same
    },
  };
}

/** A stored verdict of its JSON text. */
export function storedText(json: string): StoredVerdict {
  const line = verdictLine(json);
  return { ...countedParts(JSON.parse(line) as Verdict), line: () => line }; // a canonical verdict, made one line above
}

/** `degraded`: for a reason that the log does not say. */
const countedParts = ({ outcome, degraded_why, rules, patterns, shadow, unknown, positions }: Omit<StoredVerdict, 'line' | 'degraded'> & { readonly degraded_why: readonly string[] }): Omit<StoredVerdict, 'line'> => ({ outcome, degraded: degraded_why.some((why) => degradedCause(why) !== 'lag'), rules, patterns, shadow, unknown, positions });
