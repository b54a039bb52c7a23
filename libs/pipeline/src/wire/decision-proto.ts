import { decidedByOrder, featureValue, isNumericType, type DecidedBy, type Decision, type FeatureLayout, type FeatureValue, type FeatureVector, type ListAddition, type Outcome, type Reason, type Verdict } from '@weir/contracts';
import { ProtoReader } from './proto-reader';
import { ProtoWriter } from './proto-writer';

/** Layout of the vectors of a set and source; undefined for one that is not known here. */
export type DecisionLayouts = (set: string, source: string) => FeatureLayout | undefined;

const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];
const kindsOfReason: Readonly<Record<string, Reason['kind']>> = Object.fromEntries((['rule', 'pattern', 'list', 'model', 'fallback', 'degraded'] as const).map((kind) => [kind, kind]));
const decidedBy: ReadonlyMap<string, DecidedBy> = new Map(decidedByOrder.map((kind) => [kind, kind]));

/**
 * Whole decisions as `weir.v1.Decision` of risk_service.proto, as they stand in the topic `decisions`, and back: what comes out is what went in. The set and the source are
 * written first, for the features are read by their layout.
 */
export class DecisionProto {
  private readonly writer = new ProtoWriter();
  private readonly reader = new ProtoReader();
  private readonly names = new WeakMap<FeatureLayout, readonly Uint8Array[]>();

  encode({ verdict: v, meta }: Decision): Uint8Array {
    const { writer: w } = this;
    w.text(1, v.id);
    w.text(25, v.set);
    if (v.source !== undefined) w.text(34, v.source);
    w.text(2, v.transaction_id);
    this.timestamp(3, v.event_time);
    w.uint(4, outcomes.indexOf(v.outcome) + 1);
    w.double(5, v.score);
    w.double(6, v.risk_score);
    w.text(7, v.decided_by);
    this.texts(8, v.overruled);
    for (const reason of v.reasons) this.message(9, () => { w.text(1, reason.kind); w.text(2, reason.name); w.text(3, reason.text); w.double(4, reason.contribution); });
    this.texts(10, v.rules);
    this.texts(11, v.patterns);
    for (const { pattern, version, events } of v.matches) {
      this.message(12, () => {
        w.text(1, pattern);
        w.uint(2, version);
        for (const [step, ids] of Object.entries(events)) this.message(3, () => { w.text(1, step); this.texts(2, ids); });
      });
    }
    this.texts(13, v.unknown);
    this.texts(14, v.shadow);
    this.texts(15, v.lists);
    for (const { list, value, until } of v.list_changes) this.message(16, () => { w.text(1, list); w.text(2, value); if (until !== null) this.timestamp(3, until); });
    this.texts(17, v.tags);
    w.bool(18, v.alert);
    w.text(19, v.policy);
    const { model } = v;
    if (model !== null) this.message(20, () => { w.text(1, model.name); w.uint(2, model.version); if (model.p !== null) w.double(3, model.p); });
    for (const [name, p] of Object.entries(v.other_models)) {
      if (p === null) w.text(35, name);
      else this.message(21, () => { w.text(1, name); w.double(2, p); });
    }
    this.features(v.vector);
    this.message(23, () => this.struct(v.tx));
    this.message(24, () => this.struct(v.profiles));
    for (const position of v.positions ?? []) w.int(26, position);
    w.bool(27, v.degraded);
    this.texts(28, v.degraded_why);
    this.message(29, () => {
      this.timestamp(1, meta.decided_at);
      for (const [stage, ms] of Object.entries(meta.latency_ms)) this.message(2, () => { w.text(1, stage); w.double(2, ms); });
      if (meta.trace_id !== null) w.text(3, meta.trace_id);
    });
    this.texts(30, v.marks ?? []);
    this.texts(31, v.snoozed ?? []);
    for (const [list, value] of v.lists_read ?? []) this.message(32, () => { w.text(1, list); w.text(2, value); });
    w.bool(33, v.explored === true);
    if (v.propensity !== undefined) w.double(36, v.propensity);
    return w.take();
  }

  /** Set and source of a decision, without reading the rest. */
  head(bytes: Uint8Array): { readonly set: string; readonly source: string } {
    const reader = this.reader.over(bytes);
    let set = '', source = '';
    for (let field = reader.next(); field !== 0 && (set === '' || source === ''); field = reader.next()) {
      if (field === 25) set = reader.text();
      else if (field === 34) source = reader.text();
      else if (field === 2) break;
      else reader.skip();
    }
    return { set, source };
  }

  /** Undefined where the layout is not known. @throws RangeError for bytes that are no decision. */
  decode(bytes: Uint8Array, layouts: DecisionLayouts): Decision | undefined {
    const { set, source } = this.head(bytes);
    const layout = layouts(set, source);
    if (layout === undefined) return undefined;
    const { reader: r } = this;
    r.over(bytes);
    const count = layout.names.length;
    const vector: FeatureVector = { layout, numbers: new Float64Array(count).fill(Number.NaN), others: new Array<FeatureValue | undefined>(count).fill(undefined), statuses: new Uint8Array(count) };
    let slot = 0, positions: number[] | null = null, decided_at = 0, trace_id: string | null = null, model: Verdict['model'] = null;
    const latency_ms: Record<string, number> = {}, other_models: Record<string, number | null> = {};
    let id = '', transaction_id = '', event_time = 0, outcome: Outcome = 'review', score = 0, risk_score = 0, by: DecidedBy = 'fallback', policy = '', alert = false, degraded = false, explored = false, chance: { propensity?: number } = {};
    let tx: Record<string, unknown> = {}, profiles: Record<string, unknown> = {};
    const overruled: DecidedBy[] = [], reasons: Reason[] = [], rules: string[] = [], patterns: string[] = [], matches: Array<Verdict['matches'][number]> = [], unknown: string[] = [], shadow: string[] = [], lists: string[] = [];
    const list_changes: ListAddition[] = [], tags: string[] = [], degraded_why: string[] = [], marks: string[] = [], snoozed: string[] = [], lists_read: Array<readonly [string, string]> = [];
    for (let field = r.next(); field !== 0; field = r.next()) {
      switch (field) {
        case 1: id = r.text(); break;
        case 2: transaction_id = r.text(); break;
        case 3: event_time = this.readTimestamp(); break;
        case 4: outcome = outcomes[r.uint() - 1] ?? 'review'; break;
        case 5: score = r.double(); break;
        case 6: risk_score = r.double(); break;
        case 7: by = decidedBy.get(r.text()) ?? 'fallback'; break;
        case 8: overruled.push(decidedBy.get(r.text()) ?? 'fallback'); break;
        case 9: reasons.push(this.readReason()); break;
        case 10: rules.push(r.text()); break;
        case 11: patterns.push(r.text()); break;
        case 12: matches.push(this.readMatch()); break;
        case 13: unknown.push(r.text()); break;
        case 14: shadow.push(r.text()); break;
        case 15: lists.push(r.text()); break;
        case 16: list_changes.push(this.readListChange()); break;
        case 17: tags.push(r.text()); break;
        case 18: alert = r.bool(); break;
        case 19: policy = r.text(); break;
        case 20: model = this.readModel(); break;
        case 21: { const [name, p] = this.readNumberEntry(); other_models[name] = p; break; }
        case 22: this.readFeature(vector, slot); slot += 1; break;
        case 23: { const outer = r.enter(); tx = this.readStruct(); r.leave(outer); break; }
        case 24: { const outer = r.enter(); profiles = this.readStruct(); r.leave(outer); break; }
        case 26: (positions ??= []).push(r.int()); break;
        case 27: degraded = r.bool(); break;
        case 28: degraded_why.push(r.text()); break;
        case 29: {
          const outer = r.enter();
          for (let part = r.next(); part !== 0; part = r.next()) {
            if (part === 1) decided_at = this.readTimestamp();
            else if (part === 2) { const [stage, ms] = this.readNumberEntry(); latency_ms[stage] = ms; }
            else if (part === 3) trace_id = r.text();
            else r.skip();
          }
          r.leave(outer);
          break;
        }
        case 30: marks.push(r.text()); break;
        case 31: snoozed.push(r.text()); break;
        case 32: { const { list, value } = this.readListChange(); lists_read.push([list, value]); break; }
        case 33: explored = r.bool(); break;
        case 36: chance = { propensity: r.double() }; break;
        case 35: other_models[r.text()] = null; break;
        default: r.skip();
      }
    }
    if (slot !== count) throw new RangeError(`a decision with ${slot} features where its set has ${count}`);
    return {
      verdict: {
        id, transaction_id, event_time, outcome, score, risk_score, decided_by: by, overruled, reasons, rules, patterns, matches, unknown, shadow, lists, list_changes, tags, marks, snoozed, lists_read, explored, ...chance, alert, policy, model,
        other_models, vector, tx, profiles: profiles as Verdict['profiles'], set, source, positions, degraded, degraded_why, // written from a Verdict by encode alone
      },
      meta: { decided_at, latency_ms, trace_id },
    };
  }

  private message(field: number, write: () => void): void {
    const start = this.writer.begin(field);
    write();
    this.writer.end(start);
  }

  private texts(field: number, values: readonly string[]): void { for (const value of values) this.writer.text(field, value); }

  private timestamp(field: number, ms: number): void {
    const { writer } = this, seconds = Math.floor(ms / 1_000);
    const start = writer.begin(field);
    if (seconds !== 0) writer.int(1, seconds);
    const nanos = Math.round((ms - seconds * 1_000) * 1e6);
    if (nanos !== 0) writer.uint(2, nanos);
    writer.end(start);
  }

  private readTimestamp(): number {
    const { reader } = this, outer = reader.enter();
    let seconds = 0, nanos = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) seconds = reader.int();
      else if (field === 2) nanos = reader.uint();
      else reader.skip();
    }
    reader.leave(outer);
    return seconds * 1_000 + nanos / 1e6;
  }

  private features(vector: FeatureVector): void {
    const { writer } = this, { layout, numbers, statuses } = vector;
    const names = this.namesOf(layout);
    for (let slot = 0; slot < names.length; slot++) {
      const start = writer.begin(22);
      writer.encoded(names[slot] as Uint8Array);
      const value = writer.begin(2);
      const type = layout.types[slot];
      if (type === undefined || !isNumericType(type)) this.value(featureValue(vector, slot));
      else if (Number.isNaN(numbers[slot])) writer.uint(1, 0);
      else if (type === 'bool') writer.uint(4, numbers[slot] === 0 ? 0 : 1);
      else writer.double(2, numbers[slot] as number);
      writer.end(value);
      writer.uint(3, (statuses[slot] ?? 0) + 1);
      writer.end(start);
    }
  }

  /** Features are in the order of their layout. */
  private readFeature(vector: FeatureVector, slot: number): void {
    const { reader } = this, outer = reader.enter();
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2) {
        const value = this.readValue();
        const type = vector.layout.types[slot];
        if (type === undefined || !isNumericType(type)) vector.others[slot] = value === null ? undefined : (value as FeatureValue); // written from a vector by encode alone
        else if (value !== null) vector.numbers[slot] = Number(value);
      } else if (field === 3) vector.statuses[slot] = reader.uint() - 1;
      else reader.skip();
    }
    reader.leave(outer);
  }

  /** Field 1 of each feature, its name, ready to be copied. */
  private namesOf(layout: FeatureLayout): readonly Uint8Array[] {
    let names = this.names.get(layout);
    if (names === undefined) {
      const writer = new ProtoWriter();
      this.names.set(layout, (names = layout.names.map((name) => { writer.text(1, name); return writer.take(); })));
    }
    return names;
  }

  private struct(record: Readonly<Record<string, unknown>>): void {
    const { writer } = this;
    for (const name of Object.keys(record)) {
      const start = writer.begin(1);
      writer.text(1, name);
      const value = writer.begin(2);
      this.value(record[name]);
      writer.end(value);
      writer.end(start);
    }
  }

  private readStruct(): Record<string, unknown> {
    const { reader } = this, record: Record<string, unknown> = {};
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 1) { reader.skip(); continue; }
      const outer = reader.enter();
      let name = '', value: unknown = null;
      for (let part = reader.next(); part !== 0; part = reader.next()) {
        if (part === 1) name = reader.text();
        else if (part === 2) value = this.readValue();
        else reader.skip();
      }
      reader.leave(outer);
      if (name === '__proto__') Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
      else record[name] = value;
    }
    return record;
  }

  /** The fields of a google.protobuf.Value. */
  private value(value: unknown): void {
    const { writer } = this;
    if (typeof value === 'string') writer.text(3, value);
    else if (typeof value === 'number') writer.double(2, value);
    else if (typeof value === 'boolean') writer.uint(4, value ? 1 : 0);
    else if (Array.isArray(value)) this.message(6, () => { for (const each of value as unknown[]) this.message(1, () => this.value(each)); });
    else if (typeof value === 'object' && value !== null) this.message(5, () => this.struct({ ...value }));
    else writer.uint(1, 0);
  }

  private readValue(): unknown {
    const { reader } = this, outer = reader.enter();
    let value: unknown = null;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 3) value = reader.text();
      else if (field === 2) value = reader.double();
      else if (field === 4) value = reader.bool();
      else if (field === 5) { const inner = reader.enter(); value = this.readStruct(); reader.leave(inner); }
      else if (field === 6) {
        const inner = reader.enter(), values: unknown[] = [];
        for (let part = reader.next(); part !== 0; part = reader.next()) if (part === 1) values.push(this.readValue()); else reader.skip();
        reader.leave(inner);
        value = values;
      } else reader.skip();
    }
    reader.leave(outer);
    return value;
  }

  private readNumberEntry(): readonly [string, number] {
    const { reader } = this, outer = reader.enter();
    let name = '', value = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) name = reader.text();
      else if (field === 2) value = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    return [name, value];
  }

  private readReason(): Reason {
    const { reader } = this, outer = reader.enter();
    let kind: Reason['kind'] = 'rule', name = '', text = '', contribution = 0;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) kind = kindsOfReason[reader.text()] ?? 'rule';
      else if (field === 2) name = reader.text();
      else if (field === 3) text = reader.text();
      else if (field === 4) contribution = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    return { kind, name, text, contribution };
  }

  private readMatch(): Verdict['matches'][number] {
    const { reader } = this, outer = reader.enter();
    let pattern = '', version = 0;
    const events: Record<string, readonly string[]> = {};
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) pattern = reader.text();
      else if (field === 2) version = reader.uint();
      else if (field === 3) {
        const inner = reader.enter(), ids: string[] = [];
        let step = '';
        for (let part = reader.next(); part !== 0; part = reader.next()) {
          if (part === 1) step = reader.text();
          else if (part === 2) ids.push(reader.text());
          else reader.skip();
        }
        reader.leave(inner);
        events[step] = ids;
      } else reader.skip();
    }
    reader.leave(outer);
    return { pattern, version, events };
  }

  private readListChange(): ListAddition {
    const { reader } = this, outer = reader.enter();
    let list = '', value = '', until: number | null = null;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) list = reader.text();
      else if (field === 2) value = reader.text();
      else if (field === 3) until = this.readTimestamp();
      else reader.skip();
    }
    reader.leave(outer);
    return { list, value, until };
  }

  private readModel(): Verdict['model'] {
    const { reader } = this, outer = reader.enter();
    let name = '', version = 0, p: number | null = null;
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) name = reader.text();
      else if (field === 2) version = reader.uint();
      else if (field === 3) p = reader.double();
      else reader.skip();
    }
    reader.leave(outer);
    return { name, version, p };
  }
}
