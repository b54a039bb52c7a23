import { WeirError, isNumericType, statusCode, type FeatureLayout, type FeatureStatus, type FeatureValue, type FeatureVector, type PatternMatch, type StreamEvent, type Value, type Verdict } from '@weir/contracts';
import type { ListLookup, Source } from '@weir/definitions';
import type { DecisionInput } from '../decide/decision-input';
import type { DecisionProgram } from '../decide/decision-program';
import { parseAddress } from '../lists/address';
import { normalisedValue } from '../lists/list-contents';
import type { VerdictRecord } from './verdict-record';

/**
 * The decision again, from its record alone: the same bytes (`verdictJson`) where the program is that of the record's set. Another program answers what
 * its rules would have decided on what was recorded; a list the record did not ask counts as not holding the value.
 */
export const rerun = (record: Verdict, program: DecisionProgram): Verdict => program.decide(inputOfRecord(record, program));

/** What the decision was a function of, as the record keeps it. */
export function inputOfRecord(record: Verdict, program: DecisionProgram): DecisionInput {
  const { set, source } = program;
  return {
    id: record.id, event: eventOf(record, source), vector: vectorFor(record.vector, set.layoutBySource.get(source.name)), profiles: profilesOf(record), matches: record.matches.map((match) => matchOf(match, record)),
    positions: record.positions, model: record.model, otherModels: record.other_models, degradedWhy: record.degraded_why, lists: new RecordedLists(record, (list) => set.lists.get(list)?.match ?? 'exact'),
    snoozes: record.snoozed && record.snoozed.length > 0 ? { silences: (rule) => record.snoozed?.includes(rule) ?? false } : undefined,
  };
}

/** What the record says of lists: a look-up held when it did then. */
class RecordedLists implements ListLookup {
  private readonly held: ReadonlySet<string>;

  constructor(record: Verdict, private readonly matchOf: (list: string) => 'exact' | 'email' | 'cidr') {
    this.held = new Set((record.lists_read ?? []).map(([list, value]) => `${list}\n${normalisedValue(matchOf(list), value)}`));
  }

  holds(list: string, value: string | undefined): boolean | undefined {
    if (value === undefined) return undefined;
    const match = this.matchOf(list);
    if (this.held.has(`${list}\n${normalisedValue(match, value)}`)) return true;
    return match === 'cidr' && !parseAddress(value) ? undefined : false;
  }
}

function eventOf(record: Verdict, source: Source): StreamEvent {
  return {
    source: source.name, id: record.transaction_id, timeMs: record.event_time, reportedTimeMs: record.event_time, receivedAtMs: record.event_time, marks: record.marks ?? [], extra: undefined,
    values: source.fields.map(({ name }) => (Object.hasOwn(record.tx, name) ? (record.tx[name] as Value) : null)),
  };
}

function profilesOf({ profiles }: Verdict): DecisionInput['profiles'] {
  const rows = Object.entries(profiles);
  return rows.length === 0 ? undefined : new Map(rows as [string, Readonly<Record<string, Value>>][]);
}

function matchOf({ pattern, version, events }: Verdict['matches'][number], { event_time }: Verdict): PatternMatch {
  return { pattern, version, events, mode: 'live', kind: 'match', key: '', firstTimeMs: event_time, lastTimeMs: event_time, byEvent: true };
}

/** The vector in the order of another layout, by qualified name; the same object where the layouts are equal. */
function vectorFor(vector: FeatureVector, layout: FeatureLayout | undefined): FeatureVector {
  if (!layout || layout === vector.layout || layout.qualifiedNames.join() === vector.layout.qualifiedNames.join()) return vector;
  const moved = emptyVector(layout);
  layout.qualifiedNames.forEach((name, slot) => {
    const from = vector.layout.qualifiedNames.indexOf(name);
    if (from < 0) return;
    moved.numbers[slot] = vector.numbers[from] ?? Number.NaN;
    moved.others[slot] = vector.others[from];
    moved.statuses[slot] = vector.statuses[from] ?? statusCode.ERROR;
  });
  return moved;
}

const emptyVector = (layout: FeatureLayout): FeatureVector => ({
  layout, numbers: new Float64Array(layout.names.length).fill(Number.NaN), others: new Array<FeatureValue | undefined>(layout.names.length).fill(undefined), statuses: new Uint8Array(layout.names.length).fill(statusCode.NOT_FOUND),
});

/** A verdict of its public record. @throws WeirError WEIR_INPUT_INVALID when a feature of the layout is not there. */
export function verdictOfRecord(record: VerdictRecord, layout: FeatureLayout): Verdict {
  const { features, statuses, ...verdict } = record;
  const vector = emptyVector(layout);
  layout.names.forEach((name, slot) => {
    const status = statuses[name];
    if (status === undefined) throw new WeirError('WEIR_INPUT_INVALID', `the record has no feature ${name}`);
    placeValue(vector, slot, features[name] ?? null);
    vector.statuses[slot] = statusCode[status as FeatureStatus];
  });
  return { ...verdict, vector };
}

function placeValue(vector: FeatureVector, slot: number, value: FeatureValue): void {
  if (value === null) return;
  if (!isNumericType(vector.layout.types[slot] ?? 'string')) vector.others[slot] = value;
  else vector.numbers[slot] = Number(value);
}
