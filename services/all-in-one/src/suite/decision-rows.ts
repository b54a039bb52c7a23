import { entityKey, type Decision, type Envelope, type EventItem } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { decisionJson } from '@weir/gateway';
import type { DecisionRow } from '@weir/ports';

/** Entities of an event as `type:key`, read by slots that are found once per set and source. */
export class EntityReader {
  private readonly readersBySource = new Map<string, ReadonlyArray<{ readonly type: string; readonly slots: readonly number[] }>>();

  constructor(private readonly set: DefinitionSet) {}

  of(item: EventItem): string[] {
    const { source, values } = item.event;
    const entities: string[] = [];
    for (const { type, slots } of this.readers(source)) {
      const key = entityKey(slots.map((slot) => values[slot]));
      if (key !== undefined) entities.push(`${type}:${key}`);
    }
    return entities;
  }

  private readers(sourceName: string): ReadonlyArray<{ readonly type: string; readonly slots: readonly number[] }> {
    const known = this.readersBySource.get(sourceName);
    if (known !== undefined) return known;
    const slotByField = this.set.sources.get(sourceName)?.slotByField;
    const readers = [...this.set.entities.values()].flatMap((entity) => {
      const slots = entity.keys.map((field) => slotByField?.get(field)).filter((slot) => slot !== undefined);
      return slots.length === entity.keys.length ? [{ type: entity.name, slots }] : [];
    });
    this.readersBySource.set(sourceName, readers);
    return readers;
  }
}

/** A decided event as it is stored. `item.verdict` must be there. */
export function decisionRow(item: EventItem, decision: Decision, entities: readonly string[]): DecisionRow {
  const { verdict } = decision;
  return {
    lane: item.lane, offset: item.offset, id: verdict.id, transactionId: verdict.transaction_id, source: item.event.source, eventTimeMs: verdict.event_time, receivedAtMs: item.receivedAtMs,
    outcome: verdict.outcome, score: verdict.score, decidedBy: verdict.decided_by, alert: verdict.alert,
    rules: verdict.patterns.length === 0 ? verdict.rules : [...verdict.rules, ...verdict.patterns], entities, json: decisionJson(decision),
  };
}

/** What was measured: when, its batch's time per stage, and the time since the log took it (an event of a file brings an older `received_at`). */
export function envelopeOf(stageMs: Readonly<Record<string, number>>, appendedAtMs: number, nowMs: number): Envelope {
  return { decided_at: nowMs, latency_ms: { ...stageMs, total: Math.max(0, nowMs - appendedAtMs) }, trace_id: null };
}
