import type { Decision, Envelope, EventItem } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { DecisionCodec, decisionLayoutOf, decisionText, type DecisionLayout } from '@weir/rules';
import type { DecisionRow, PackedDecision } from '@weir/ports';

/** Of an event's entities, `type:key` each, the one its lane is chosen by; else the first. */
export const entityOfLane = (entities: readonly string[], partitionBy: string | null | undefined): string | null => entities.find((entity) => partitionBy != null && entity.startsWith(`${partitionBy}:`)) ?? entities[0] ?? null;

/** Packs the decisions of a set: a layout and a codec per source, made when first asked for. */
export class DecisionPacker {
  private readonly bySource = new Map<string, { readonly codec: DecisionCodec; readonly json: () => string } | undefined>();

  constructor(private readonly set: DefinitionSet) {}

  /** Until the next is packed. Undefined for a decision of another set, or one that does not fit its layout: such a one is stored as text. */
  pack(decision: Decision): PackedDecision | undefined {
    const { verdict } = decision;
    if (verdict.set !== this.set.id) return undefined;
    const of = this.of(verdict.source ?? '');
    if (of === undefined) return undefined;
    try {
      return { layoutId: of.codec.layout.id, layout: of.json, bytes: of.codec.encodeView(decision) };
    } catch {
      return undefined;
    }
  }

  private of(sourceName: string) {
    if (this.bySource.has(sourceName)) return this.bySource.get(sourceName);
    const source = this.set.sources.get(sourceName);
    const layout = source && decisionLayoutOf(this.set, source);
    const of = layout && { codec: new DecisionCodec(layout), json: () => JSON.stringify(layout) };
    this.bySource.set(sourceName, of);
    return of;
  }
}

/** Layouts whose codecs are kept for reading. */
const readCodecsMax = 64;
const codecByLayout = new Map<string, DecisionCodec>();

function codecOf(layoutJson: string): DecisionCodec {
  let codec = codecByLayout.get(layoutJson);
  if (codec === undefined) {
    if (codecByLayout.size >= readCodecsMax) codecByLayout.clear();
    codecByLayout.set(layoutJson, (codec = new DecisionCodec(JSON.parse(layoutJson) as DecisionLayout))); // written by DecisionPacker alone
  }
  return codec;
}

/** A packed decision. @throws WeirError WEIR_STORE_FAILED when it does not fit the layout. */
export const decodeDecision = (layoutJson: string, bytes: Uint8Array): Decision => codecOf(layoutJson).decode(bytes);

/** A decision packed again. @throws WeirError WEIR_STORE_FAILED for a name that the layout has not. */
export const encodeDecision = (layoutJson: string, decision: Decision): Uint8Array => codecOf(layoutJson).encode(decision);

/** Its JSON text. */
export const unpackDecision = (layoutJson: string, bytes: Uint8Array): string => decisionText(decodeDecision(layoutJson, bytes));

/** A decided event as it is stored; text and bytes are made when a store asks for them. */
export class DecidedRow implements DecisionRow {
  readonly id: string;
  readonly transactionId: string;
  readonly source: string;
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
  readonly outcome: DecisionRow['outcome'];
  readonly score: number;
  readonly decidedBy: string;
  readonly alert: boolean;
  readonly rules: readonly string[];

  constructor(readonly lane: number, readonly offset: number, item: Parameters<typeof decisionRow>[0], readonly decision: Decision, readonly entities: readonly string[], private readonly packer: DecisionPacker | undefined) {
    const { verdict } = decision;
    this.id = verdict.id;
    this.transactionId = verdict.transaction_id;
    this.source = item.event.source;
    this.eventTimeMs = verdict.event_time;
    this.receivedAtMs = item.receivedAtMs;
    this.outcome = verdict.outcome;
    this.score = verdict.score;
    this.decidedBy = verdict.decided_by;
    this.alert = verdict.alert;
    this.rules = verdict.patterns.length === 0 ? verdict.rules : [...verdict.rules, ...verdict.patterns];
  }

  get json(): string { return decisionText(this.decision); }

  get packed(): PackedDecision | undefined { return this.packer?.pack(this.decision); }
}

/** The row of a decided event. */
export const decisionRow = (item: Pick<EventItem, 'lane' | 'offset' | 'receivedAtMs'> & { readonly event: Pick<EventItem['event'], 'source'> }, decision: Decision, entities: readonly string[], packer?: DecisionPacker): DecidedRow => new DecidedRow(item.lane, item.offset, item, decision, entities, packer);

/** What was measured: when, its batch's time per stage, and the time since the log took it (an event of a file brings an older `received_at`). Records appended together share it. */
export function envelopes(stageMs: Readonly<Record<string, number>>, nowMs: number): (appendedAtMs: number) => Envelope {
  let lastMs = Number.NaN, last: Envelope | undefined;
  return (appendedAtMs) => {
    if (last !== undefined && appendedAtMs === lastMs) return last;
    lastMs = appendedAtMs;
    return (last = { decided_at: nowMs, latency_ms: { ...stageMs, total: Math.max(0, nowMs - appendedAtMs) }, trace_id: null });
  };
}
