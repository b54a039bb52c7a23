import { entityKey, type StreamEvent } from '@weir/contracts';
import type { DefinitionSet, Source } from '@weir/definitions';
import type { SnoozeLookup } from '../decide/decision-input';
import { Deadlines } from './deadlines';
import { textOf, withVersion } from './list-state';

const snoozeKeyPrefix = 'sc/snooze/';
interface Snooze { readonly rule: string; readonly entity: string; readonly key: string; readonly untilMs: number; readonly by: string; readonly reason?: string }

/**
 * Rules silenced for one value of an entity: while the event time is before `untilMs` the rule does not fire there, and the decision names it as snoozed.
 * The newest snooze of a rule and key counts, so one that has ended already takes an earlier one back.
 */
export class Snoozes {
  private readonly byKey = new Map<string, Snooze>();
  private readonly entitiesByRule = new Map<string, Set<string>>();
  private readonly deadlines = new Deadlines();
  private readonly changed = new Set<string>();

  get isEmpty(): boolean { return this.byKey.size === 0; }

  put(snooze: Snooze): void {
    const key = stateKey(snooze.rule, snooze.entity, snooze.key);
    this.byKey.set(key, { rule: snooze.rule, entity: snooze.entity, key: snooze.key, untilMs: snooze.untilMs, by: snooze.by, reason: snooze.reason ?? '' });
    this.changed.add(key);
    this.index(key, snooze);
  }

  /** How events of a source ask: their keys are read by the set's entities. */
  lookup(set: DefinitionSet, source: Source): SnoozeLookup {
    const slots = new Map([...set.entities.values()].map(({ name, keys }) => [name, keys.map((key) => source.slotByField.get(key))]));
    return { silences: (rule, event) => this.silences(rule, event, slots) };
  }

  private silences(rule: string, event: StreamEvent, slotsByEntity: ReadonlyMap<string, readonly (number | undefined)[]>): boolean {
    for (const entity of this.entitiesByRule.get(rule) ?? []) {
      const key = keyText(event, slotsByEntity.get(entity));
      const found = key === undefined ? undefined : this.byKey.get(stateKey(rule, entity, key));
      if (found !== undefined && event.timeMs < found.untilMs) return true;
    }
    return false;
  }

  expire(horizonMs: number): void {
    for (let key = this.deadlines.takeEnded(horizonMs); key !== undefined; key = this.deadlines.takeEnded(horizonMs)) {
      const found = this.byKey.get(key);
      if (!found || found.untilMs > horizonMs) continue;
      this.byKey.delete(key);
      this.changed.add(key);
    }
  }

  all(): Snooze[] { return [...this.byKey.values()]; }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    const keys = [...this.changed].sort();
    this.changed.clear();
    for (const key of keys) {
      const found = this.byKey.get(key);
      yield [key, found && withVersion(JSON.stringify([found.rule, found.entity, found.key, found.untilMs, found.by, ...(found.reason === undefined || found.reason === '' ? [] : [found.reason])]))];
    }
  }

  restore(state: { scan(prefix: string): Iterable<readonly [key: string, value: Uint8Array]> }): void {
    this.byKey.clear();
    this.entitiesByRule.clear();
    this.deadlines.clear();
    this.changed.clear();
    for (const [key, bytes] of state.scan(snoozeKeyPrefix)) {
      const [rule, entity, value, untilMs, by, reason = ''] = JSON.parse(textOf(bytes)) as [string, string, string, number, string, string?];
      this.byKey.set(key, { rule, entity, key: value, untilMs, by, reason });
      this.index(key, { rule, entity, key: value, untilMs, by });
    }
  }

  private index(key: string, { rule, entity, untilMs }: Snooze): void {
    const entities = this.entitiesByRule.get(rule) ?? new Set<string>();
    this.entitiesByRule.set(rule, entities.add(entity));
    this.deadlines.add(key, untilMs);
  }
}

const stateKey = (rule: string, entity: string, key: string): string => `${snoozeKeyPrefix}${encodeURIComponent(rule)}/${encodeURIComponent(entity)}/${key}`;

function keyText(event: StreamEvent, slots: readonly (number | undefined)[] | undefined): string | undefined {
  return slots && slots.length > 0 ? entityKey(slots.map((slot) => (slot === undefined ? undefined : event.values[slot]))) : undefined;
}
