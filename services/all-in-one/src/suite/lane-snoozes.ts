import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { Snooze, Snoozes } from '@weir/gateway';
import type { Clock } from '@weir/ports';
import type { Snoozes as SnoozeState } from '@weir/rules';
import type { LaneWriter } from './lane-changes';

export interface LaneSnoozesOptions {
  readonly set: () => DefinitionSet;
  /** As a lane holds them; every lane holds the same. */
  readonly state: () => SnoozeState | Promise<SnoozeState>;
  readonly writer: LaneWriter;
  readonly clock: Clock;
  readonly tokenOfEntity: (type: string, key: string) => string;
}

/** Snoozes of rules and patterns: read from the lane's own state, changed by records in every lane. */
export class LaneSnoozes implements Snoozes {
  constructor(private readonly options: LaneSnoozesOptions) {}

  async of(rule: string): Promise<readonly Snooze[]> {
    this.check(rule);
    const nowMs = this.options.clock.nowMs();
    const found = (await this.options.state()).all().filter((snooze) => snooze.rule === rule && snooze.untilMs > nowMs).map(({ reason = '', ...snooze }) => ({ ...snooze, reason }));
    return found.sort((a, b) => (`${a.entity}:${a.key}` < `${b.entity}:${b.key}` ? -1 : 1));
  }

  async put(snooze: Snooze): Promise<Snooze> {
    const held = { ...snooze, key: this.key(snooze) };
    await this.options.writer.write({ kind: 'list', changes: [{ op: 'snooze', ...held }] });
    return held;
  }

  /** One that has ended takes it back. */
  async remove(snooze: Omit<Snooze, 'untilMs' | 'reason'>): Promise<{ readonly key: string } | undefined> {
    const key = this.key(snooze);
    const held = (await this.of(snooze.rule)).find((each) => each.entity === snooze.entity && each.key === key);
    if (held === undefined) return undefined;
    await this.options.writer.write({ kind: 'list', changes: [{ op: 'snooze', ...held, untilMs: 0, by: snooze.by }] });
    return { key };
  }

  private key({ rule, entity, key }: { readonly rule: string; readonly entity: string; readonly key: string }): string {
    this.check(rule);
    const { entities } = this.options.set();
    if (!entities.has(entity)) throw new WeirError('WEIR_NOT_FOUND', `there is no entity ${entity}; there are ${[...entities.keys()].join(', ') || 'none'}`);
    return this.options.tokenOfEntity(entity, key);
  }

  private check(rule: string): void {
    const { rules, patterns } = this.options.set();
    if (!rules.has(rule) && !patterns.has(rule)) throw new WeirError('WEIR_NOT_FOUND', `there is no rule or pattern ${rule}`);
  }
}
