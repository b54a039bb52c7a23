import { featureStatuses, featureValue, WeirError, type FeatureStatus, type FeatureValue, type StreamEvent, type Value } from '@weir/contracts';
import { parseMomentMs, type DefinitionSet } from '@weir/definitions';
import { pointInTime, type PointInTimeAnswer, type PointInTimeOptions, type PointInTimeRow } from './point-in-time';

export interface AnsweredRow {
  readonly features: Readonly<Record<string, FeatureValue>>;
  readonly statuses: Readonly<Record<string, FeatureStatus>>;
}

/** Rows as they come from a file: key fields, `time` (ms or text), and the source's id field where a row belongs to an event. */
export interface FeatureQuestion extends Pick<PointInTimeOptions, 'profilesOf'> {
  readonly set: DefinitionSet;
  /** In the order of the log, times corrected. */
  readonly acceptedEvents: readonly StreamEvent[];
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly asKnown: boolean;
  readonly asDecided: boolean;
}

/**
 * Answers each row in its place: the row itself with `features` and `statuses` of all views whose key it has.
 * @throws WeirError WEIR_INPUT_INVALID naming the first row that has neither a time nor an event.
 */
export function answerFeatureCase(question: FeatureQuestion): Array<Readonly<Record<string, unknown>> & AnsweredRow> {
  const { set, acceptedEvents, rows } = question;
  const find = eventFinder(set, acceptedEvents);
  const asked = rows.map((row, index): PointInTimeRow => {
    const time = row['time'];
    const timeMs = (typeof time === 'string' || typeof time === 'number' ? parseMomentMs(time) : undefined) ?? NaN;
    const eventIndex = find(row, timeMs);
    if (eventIndex < 0 && Number.isNaN(timeMs)) {
      const got = JSON.stringify(time ?? null), expected = 'a time (ISO 8601, or ms since the epoch), or the id of an event';
      throw new WeirError('WEIR_INPUT_INVALID', `at[${index}].time: expected ${expected}, got ${got}`, { findings: [{ where: `at[${index}]`, field: 'time', expected, got }] });
    }
    return { keys: keysOf(row), timeMs, eventIndex };
  });
  const answers: Array<Readonly<Record<string, unknown>> & AnsweredRow> = new Array(rows.length);
  pointInTime(set, acceptedEvents, asked, question, (answer) => { answers[answer.rowIndex] = { ...rows[answer.rowIndex], ...answeredRow(answer) }; });
  return answers;
}

/** What a row is answered: every feature of the views whose key it has. */
export function answeredRow({ vector, views }: Pick<PointInTimeAnswer, 'vector' | 'views'>): AnsweredRow {
  const features: Record<string, FeatureValue> = {};
  const statuses: Record<string, FeatureStatus> = {};
  for (const { base, plan } of views) {
    for (let slot = base; slot < base + plan.view.features.length; slot++) {
      const name = vector.layout.names[slot] ?? '';
      features[name] = featureValue(vector, slot);
      statuses[name] = featureStatuses[vector.statuses[slot] ?? 0] ?? 'ERROR';
    }
  }
  return { features, statuses };
}

/** Key fields of a row of a file. */
export function keysOf(row: Readonly<Record<string, unknown>>): Record<string, Value | undefined> {
  const keys: Record<string, Value | undefined> = {};
  for (const [name, value] of Object.entries(row)) {
    keys[name] = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  }
  return keys;
}

/** Finds the event a row names: by the id field of a source, and where an id occurred again by its time, else the newest. */
function eventFinder(set: DefinitionSet, events: readonly StreamEvent[]): (row: Readonly<Record<string, unknown>>, timeMs: number) => number {
  const indexesBySource = new Map<string, Map<string, number[]>>();
  events.forEach(({ source, id }, index) => {
    let byId = indexesBySource.get(source);
    if (byId === undefined) indexesBySource.set(source, byId = new Map());
    const indexes = byId.get(id);
    if (indexes === undefined) byId.set(id, [index]);
    else indexes.push(index);
  });
  const sources = [...set.sources.values()].filter((source) => !source.builtin).sort((a, b) => Number(b.decide) - Number(a.decide));
  return (row, timeMs) => {
    for (const source of sources) {
      const id = row[source.id];
      if (typeof id !== 'string' && typeof id !== 'number') continue;
      const indexes = indexesBySource.get(source.name)?.get(String(id));
      if (indexes === undefined) continue;
      return indexes.findLast((index) => events[index]?.timeMs === timeMs) ?? indexes.at(-1) ?? -1;
    }
    return -1;
  };
}
