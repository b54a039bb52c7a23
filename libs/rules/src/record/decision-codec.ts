import { ByteReader, ByteWriter, decidedByOrder, decisionId, originOfDecisionId, WeirError, type Decision, type FeatureLayout, type FeatureValue, type Outcome, type Reason, type Verdict } from '@weir/contracts';
import { riskScoreFromUnits } from '../score/noisy-or';
import { featureLayoutOf, otherSlots, type DecisionLayout } from './decision-layout';
import { readText, skipText, writeText } from './record-text';

const formatVersion = 1;
const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];
const reasonKinds: readonly Reason['kind'][] = ['rule', 'pattern', 'list', 'model', 'fallback', 'degraded'];
const flag = Object.freeze({ alert: 1, explored: 2, degraded: 4, model: 8, positions: 16, profiles: 32, oddId: 64, matches: 128 });
/** Beside the bits of `overruled`: a propensity follows them. */
const propensityBit = 1 << decidedByOrder.length;
const outcomeCode: Readonly<Record<Outcome, number>> = { approve: 0, review: 1, block: 2 };
const kindCode = Object.freeze(Object.fromEntries(decidedByOrder.map((kind, i) => [kind, i]))) as Readonly<Record<Verdict['decided_by'], number>>;
const reasonCode = Object.freeze(Object.fromEntries(reasonKinds.map((kind, i) => [kind, i]))) as Readonly<Record<Reason['kind'], number>>;

/**
 * Writes whole decisions of one layout as bytes, and reads them back. Names are numbers of the layout, numbers of the vector are copied as they lie in
 * memory (little-endian), so that writing costs a few microseconds. The first byte is the format, the next eight the layout's id.
 */
export class DecisionCodec {
  private readonly writer = new ByteWriter();
  private readonly codeByName: ReadonlyMap<string, number>;
  private readonly codeByModel: ReadonlyMap<string, number>;
  private readonly features: FeatureLayout;
  private readonly others: readonly number[];
  private readonly idBytes: Uint8Array;

  constructor(readonly layout: DecisionLayout) {
    this.codeByName = new Map(layout.names.map((name, i) => [name, i]));
    this.codeByModel = new Map(layout.models.map(({ name }, i) => [name, i]));
    this.features = featureLayoutOf(layout);
    this.others = otherSlots(layout);
    this.idBytes = Uint8Array.from(layout.id.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }

  encode(decision: Decision): Uint8Array { return this.encodeView(decision).slice(); }

  /** The same, in memory that the next call writes over. */
  encodeView({ verdict, meta }: Decision): Uint8Array {
    const { writer } = this;
    writer.reset();
    writer.byte(formatVersion);
    writer.raw(this.idBytes);
    this.writeHead(verdict);
    this.writeNames('Rule/', verdict.rules);
    this.writeNames('Rule/', verdict.unknown);
    this.writeNames('Rule/', verdict.snoozed ?? []);
    this.writeNames('Pattern/', verdict.patterns);
    this.writeNames('List/', verdict.lists);
    this.writeShadow(verdict.shadow);
    this.writeReasons(verdict.reasons);
    this.writeListChanges(verdict);
    this.writeTexts(verdict.tags);
    this.writeTexts(verdict.marks ?? []);
    this.writeTexts(verdict.degraded_why);
    this.writeModels(verdict);
    this.writeVector(verdict);
    for (const field of this.layout.fields) this.writeValue(verdict.tx[field]);
    if (verdict.matches.length > 0) writeText(writer, JSON.stringify(verdict.matches));
    if (Object.keys(verdict.profiles).length > 0) writeText(writer, JSON.stringify(verdict.profiles));
    if (verdict.positions) this.writePositions(verdict.positions);
    this.writeMeta(meta);
    return writer.written();
  }

  /** @throws WeirError WEIR_STORE_FAILED when the bytes are of another format or layout. */
  decode(bytes: Uint8Array): Decision {
    if (bytes[0] !== formatVersion || layoutIdOf(bytes) !== this.layout.id) throw new WeirError('WEIR_STORE_FAILED', `a decision of format ${bytes[0]} and layout ${layoutIdOf(bytes)}; ${formatVersion} and ${this.layout.id} expected`);
    // A Buffer's slice is a view and no copy.
    const reader = new ByteReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    reader.raw(9);
    const flags = reader.byte(), codes = reader.byte(), overruled = reader.varint(), propensity = (overruled & propensityBit) === 0 ? {} : { propensity: reader.littleDouble() };
    const id = (flags & flag.oddId) === 0 ? decisionId({ lane: reader.varint(), offset: reader.varint() }) : readText(reader);
    const transaction_id = readText(reader), event_time = reader.littleDouble(), units = reader.littleDouble();
    const policy = readText(reader);
    const rules = this.readNames(reader), unknown = this.readNames(reader), snoozed = this.readNames(reader), patterns = this.readNames(reader), lists = this.readNames(reader), shadow = this.readNames(reader);
    const reasons = readMany(reader, () => ({ kind: reasonKinds[reader.byte()] ?? 'rule', name: readText(reader), text: readText(reader), contribution: reader.littleDouble() }));
    const list_changes = readMany(reader, () => ({ list: readText(reader), value: readText(reader), until: nullForNaN(reader.littleDouble()) }));
    const lists_read = readMany(reader, () => [readText(reader), readText(reader)] as const);
    const tags = readTexts(reader), marks = readTexts(reader), degraded_why = readTexts(reader);
    const model = (flags & flag.model) === 0 ? null : this.readModel(reader);
    const other_models = Object.fromEntries(readMany(reader, () => [this.layout.models[reader.varint()]?.name ?? '', nullForNaN(reader.littleDouble())] as const));
    const vector = this.readVector(reader);
    const tx = Object.fromEntries(this.layout.fields.map((field) => [field, readValue(reader)]));
    const matches = (flags & flag.matches) === 0 ? [] : (JSON.parse(readText(reader)) as Verdict['matches']);
    const profiles = (flags & flag.profiles) === 0 ? {} : (JSON.parse(readText(reader)) as Verdict['profiles']);
    const positions = (flags & flag.positions) === 0 ? null : readMany(reader, () => reader.varint() - 1);
    return {
      verdict: {
        id, transaction_id, event_time, outcome: outcomes[codes >>> 4] ?? 'review', score: units / 1e12, risk_score: riskScoreFromUnits(units), decided_by: decidedByOrder[codes & 15] ?? 'fallback',
        overruled: decidedByOrder.filter((_, kind) => ((overruled >>> kind) & 1) === 1), reasons, rules, patterns, matches, unknown, shadow, lists, list_changes, tags, marks, snoozed, lists_read,
        explored: (flags & flag.explored) !== 0, ...propensity, alert: (flags & flag.alert) !== 0, policy, model, other_models, vector, tx, profiles, set: this.layout.set, source: this.layout.source, positions,
        degraded: (flags & flag.degraded) !== 0, degraded_why,
      },
      meta: { decided_at: reader.littleDouble(), trace_id: reader.byte() === 0 ? null : readText(reader), latency_ms: Object.fromEntries(readMany(reader, () => [readText(reader), reader.littleDouble()] as const)) },
    };
  }

  /** The numbers of the vector alone, in the layout's order, NaN where null: a small part of what decoding all of it costs. @throws as `decode` does. */
  numbersOf(bytes: Uint8Array): Float64Array {
    if (bytes[0] !== formatVersion || layoutIdOf(bytes) !== this.layout.id) throw new WeirError('WEIR_STORE_FAILED', `a decision of format ${bytes[0]} and layout ${layoutIdOf(bytes)}; ${formatVersion} and ${this.layout.id} expected`);
    const reader = new ByteReader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    reader.skip(9);
    const flags = reader.byte();
    reader.skip(1);
    if ((reader.varint() & propensityBit) !== 0) reader.skip(8);
    if ((flags & flag.oddId) !== 0) skipText(reader);
    else { reader.varint(); reader.varint(); }
    skipText(reader);
    reader.skip(16);
    skipText(reader);
    for (let kind = 0; kind < 6; kind++) skipMany(reader, () => { reader.varint(); });
    skipMany(reader, () => { reader.skip(1); skipText(reader); skipText(reader); reader.skip(8); });
    skipMany(reader, () => { skipText(reader); skipText(reader); reader.skip(8); });
    skipMany(reader, () => { skipText(reader); skipText(reader); });
    for (let kind = 0; kind < 3; kind++) skipMany(reader, () => { skipText(reader); });
    if ((flags & flag.model) !== 0) { reader.varint(); reader.skip(8); }
    skipMany(reader, () => { reader.varint(); reader.skip(8); });
    return new Float64Array(reader.raw(8 * this.features.names.length).slice().buffer);
  }

  private writeHead(verdict: Verdict): void {
    const { writer } = this;
    const origin = originOfDecisionId(verdict.id);
    let flags = 0;
    if (verdict.alert) flags |= flag.alert;
    if (verdict.explored) flags |= flag.explored;
    if (verdict.degraded) flags |= flag.degraded;
    if (verdict.model) flags |= flag.model;
    if (verdict.positions) flags |= flag.positions;
    if (Object.keys(verdict.profiles).length > 0) flags |= flag.profiles;
    if (!origin) flags |= flag.oddId;
    if (verdict.matches.length > 0) flags |= flag.matches;
    writer.byte(flags);
    writer.byte((outcomeCode[verdict.outcome] << 4) | kindCode[verdict.decided_by]);
    let overruled = 0;
    for (const kind of verdict.overruled) overruled |= 1 << kindCode[kind];
    writer.varint(verdict.propensity === undefined ? overruled : overruled | propensityBit);
    if (verdict.propensity !== undefined) writer.littleDouble(verdict.propensity);
    if (origin) { writer.varint(origin.lane); writer.varint(origin.offset); }
    else writeText(writer, verdict.id);
    writeText(writer, verdict.transaction_id);
    writer.littleDouble(verdict.event_time);
    writer.littleDouble(Math.round(verdict.score * 1e12));
    writeText(writer, verdict.policy);
  }

  private writeNames(prefix: string, names: readonly string[]): void {
    this.writer.varint(names.length);
    for (const name of names) this.writer.varint(this.codeOf(prefix + name));
  }

  /** Shadow rules and patterns stand in one list; a name both have is the rule's, and reads back as the same name. */
  private writeShadow(names: readonly string[]): void {
    this.writer.varint(names.length);
    for (const name of names) this.writer.varint(this.codeByName.get(`Rule/${name}`) ?? this.codeOf(`Pattern/${name}`));
  }

  private codeOf(name: string): number {
    const code = this.codeByName.get(name);
    if (code === undefined) throw new WeirError('WEIR_STORE_FAILED', `${name} is not in layout ${this.layout.id}`);
    return code;
  }

  private readNames(reader: ByteReader): string[] {
    return readMany(reader, () => { const name = this.layout.names[reader.varint()] ?? ''; return name.slice(name.indexOf('/') + 1); });
  }

  private writeTexts(texts: readonly string[]): void {
    this.writer.varint(texts.length);
    for (const text of texts) writeText(this.writer, text);
  }

  private writeReasons(reasons: Verdict['reasons']): void {
    const { writer } = this;
    writer.varint(reasons.length);
    for (const { kind, name, text, contribution } of reasons) {
      writer.byte(reasonCode[kind]);
      writeText(writer, name);
      writeText(writer, text);
      writer.littleDouble(contribution);
    }
  }

  private writeListChanges({ list_changes, lists_read = [] }: Verdict): void {
    const { writer } = this;
    writer.varint(list_changes.length);
    for (const { list, value, until } of list_changes) { writeText(writer, list); writeText(writer, value); writer.littleDouble(until ?? Number.NaN); }
    writer.varint(lists_read.length);
    for (const [list, value] of lists_read) { writeText(writer, list); writeText(writer, value); }
  }

  private writeModels({ model, other_models }: Verdict): void {
    const { writer } = this;
    if (model) { writer.varint(this.codeByModel.get(model.name) ?? 0); writer.littleDouble(model.p ?? Number.NaN); }
    const others = Object.keys(other_models);
    writer.varint(others.length);
    for (const name of others) { writer.varint(this.codeByModel.get(name) ?? 0); writer.littleDouble(other_models[name] ?? Number.NaN); }
  }

  private readModel(reader: ByteReader): Verdict['model'] {
    const model = this.layout.models[reader.varint()];
    return { name: model?.name ?? '', version: model?.version ?? 0, p: nullForNaN(reader.littleDouble()) };
  }

  private writeVector({ vector }: Verdict): void {
    const { numbers, statuses, others } = vector;
    this.writer.raw(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
    this.writer.raw(statuses);
    for (const slot of this.others) this.writeValue(others[slot]);
  }

  private readVector(reader: ByteReader): Verdict['vector'] {
    const count = this.features.names.length;
    const numbers = new Float64Array(reader.raw(8 * count).slice().buffer), statuses = reader.raw(count).slice();
    const others = new Array<FeatureValue | undefined>(count).fill(undefined);
    for (const slot of this.others) others[slot] = readValue(reader) as FeatureValue;
    return { layout: this.features, numbers, others, statuses };
  }

  private writeValue(value: unknown): void {
    const { writer } = this;
    if (value === null || value === undefined) writer.byte(0);
    else if (typeof value === 'string') { writer.byte(1); writeText(writer, value); }
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) { writer.byte(5); writer.varint(value); }
      else { writer.byte(2); writer.littleDouble(value); }
    } else if (typeof value === 'boolean') writer.byte(value ? 3 : 4);
    else { writer.byte(6); writeText(writer, JSON.stringify(value)); }
  }

  private writePositions(positions: readonly number[]): void {
    this.writer.varint(positions.length);
    for (const position of positions) this.writer.varint(position + 1);
  }

  private writeMeta({ decided_at, latency_ms, trace_id }: Decision['meta']): void {
    const { writer } = this;
    writer.littleDouble(decided_at);
    writer.byte(trace_id === null ? 0 : 1);
    if (trace_id !== null) writeText(writer, trace_id);
    const stages = Object.keys(latency_ms);
    writer.varint(stages.length);
    for (const stage of stages) { writeText(writer, stage); writer.littleDouble(latency_ms[stage] ?? 0); }
  }
}

/** Id of the layout that stored bytes refer to. */
export const layoutIdOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(1, 9)).toString('hex');

const nullForNaN = (value: number): number | null => (Number.isNaN(value) ? null : value);

function readMany<T>(reader: ByteReader, read: () => T): T[] {
  const many: T[] = [];
  for (let count = reader.varint(); count > 0; count--) many.push(read());
  return many;
}

function skipMany(reader: ByteReader, skip: () => void): void {
  for (let count = reader.varint(); count > 0; count--) skip();
}

const readTexts = (reader: ByteReader): string[] => readMany(reader, () => readText(reader));

function readValue(reader: ByteReader): unknown {
  switch (reader.byte()) {
    case 1: return readText(reader);
    case 2: return reader.littleDouble();
    case 3: return true;
    case 4: return false;
    case 5: return reader.varint();
    case 6: return JSON.parse(readText(reader)) as unknown;
    default: return null;
  }
}
