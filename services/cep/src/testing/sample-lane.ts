import type { ControlItem, EventItem, LaneItem, PatternMatch, Value } from '@weir/contracts';
import { parseDocuments, resolveSet, type DefinitionSet } from '@weir/definitions';
import { patternCheck } from '@weir/patterns';
import { PatternStage, type PatternStageOptions } from '../pattern-stage';

export const base = `
kind: Source
name: transactions
id: transaction_id
time: event_time
decide: true
fields: { transaction_id: string!, card_id: string, merchant_id: string, amount: money!, country: string }
late: { out_of_orderness: 5s }
---
kind: Source
name: logins
id: login_id
time: at
fields: { login_id: string!, card_id: string, place: string }
---
kind: Entity
name: card
key: card_id
---
kind: Entity
name: card_at_merchant
key: [card_id, merchant_id]
---
kind: FeatureView
name: spend
entity: card
source: transactions
features: [{ name: average, agg: avg, of: amount }]
`;
export const smallThenLarge = `
---
kind: Pattern
name: small_then_large
key: card
pattern:
  - { name: small, where: tx.amount < 10000, times: 3, consecutive: true }
  - { name: large, followed_by: true, where: tx.amount > 1000000 }
within: 5m
skip: past_last_event
`;

export function setOf(text: string, previous?: DefinitionSet): DefinitionSet { return resolveSet(parseDocuments([{ file: 'test.yaml', text }]), previous, { checks: [patternCheck] }); }

/** A lane of items whose watermark is the newest time less 5 s. */
export class Lane {
  readonly items: LaneItem[] = [];
  private readonly watermarks = new Map<string, number>();
  constructor(private readonly set: DefinitionSet) { this.define(set); }

  define(set: DefinitionSet): this {
    const item: ControlItem = { ...this.placed(0), kind: 'definitions', setId: set.id, json: set.canonicalJson, matches: [] };
    this.items.push(item);
    return this;
  }

  add(seconds: number, fields: Readonly<Record<string, Value>>, source = 'transactions'): this {
    const schema = this.set.sources.get(source);
    const timeMs = seconds * 1000;
    this.watermarks.set(source, Math.max(this.watermarks.get(source) ?? -Infinity, timeMs - 5000));
    const layout = this.set.layoutBySource.get(source);
    const average = fields['average'];
    const item: EventItem = {
      ...this.placed(timeMs), kind: 'event', decide: source === 'transactions', late: false, replyTo: undefined, profiles: undefined, positions: undefined, matches: [], patternsKeyed: [], verdict: undefined,
      vector: layout && { layout, numbers: new Float64Array(layout.names.length).fill(typeof average === 'number' ? average : NaN), others: [], statuses: new Uint8Array(layout.names.length).fill(6) },
      event: {
        source, id: `e${this.items.length}`, timeMs, reportedTimeMs: timeMs, receivedAtMs: timeMs, marks: [], extra: undefined,
        values: (schema?.fields ?? []).map(({ name }) => fields[name] ?? null),
      },
    };
    this.items.push(item);
    return this;
  }

  tick(seconds: number, source = 'transactions'): this {
    this.watermarks.set(source, seconds * 1000);
    this.items.push({ ...this.placed(seconds * 1000), kind: 'tick', matches: [] });
    return this;
  }

  private placed(timeMs: number): Pick<EventItem, 'lane' | 'offset' | 'receivedAtMs' | 'time'> {
    return { lane: 0, offset: this.items.length, receivedAtMs: timeMs, time: { clockMs: timeMs, watermarkMsBySource: new Map(this.watermarks) } };
  }
}

export const copy = (item: LaneItem): LaneItem => ({ ...item, matches: [] });
export const told = (item: LaneItem): string[] => item.matches.map((match) => textOf(match, item.offset));
const textOf = ({ pattern, version, kind, key, events, byEvent }: PatternMatch, offset: number): string => `${offset} ${pattern}@${version} ${kind} ${key} ${JSON.stringify(events)}${byEvent ? '' : ' by time'}`;
export const run = (lane: Lane, options?: PatternStageOptions): string[] => new PatternStage(options).process(lane.items.map(copy)).flatMap(told);

export class Store {
  readonly values = new Map<string, Uint8Array>();
  save(stage: PatternStage): void { for (const [key, value] of stage.takeChanges()) if (value) this.values.set(key, value); else this.values.delete(key); }
  get(key: string): Uint8Array | undefined { return this.values.get(key); }
  scan(prefix: string): (readonly [string, Uint8Array])[] { return [...this.values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)); }
  text(): string { return JSON.stringify(this.scan('').map(([key, value]) => [key, Buffer.from(value).toString('hex')])); }
}
