import type { HotKey, HotKeys } from '@weir/gateway';
import type { Metrics } from '@weir/platform';

/** Keys held per entity type: a key with more than a 128th of the events is always among them. */
const keysMax = 128;
const typesMax = 256;
/** Of a stream, one row in so many is looked at, and at most one in so many ms besides. */
const stride = 64, everyMs = 20;
/** Counts are halved so often, so that they tell of now. */
const halfLifeMs = 60_000, halvingsMax = 60;
const shownMax = 10, shownShareMin = 0.001;

/** `over`: how much of the count may be of keys that were there before it. */
interface Counter { key: string; count: number; over: number }

/**
 * Which keys of one entity type take the most events: Space-Saving (Metwally, Agrawal, El Abbadi 2005), with weights. A key that is not held takes the place of the least and
 * its count; so a count is at most `over` too high, and never too low.
 */
export class HeavyHitters {
  private readonly counterByKey = new Map<string, Counter>();
  private readonly counters: Counter[] = [];

  constructor(private readonly max: number) {}

  add(key: string, weight: number): void {
    const known = this.counterByKey.get(key);
    if (known !== undefined) { known.count += weight; return; }
    if (this.counters.length < this.max) {
      const counter = { key, count: weight, over: 0 };
      this.counters.push(counter);
      this.counterByKey.set(key, counter);
      return;
    }
    let least = this.counters[0] as Counter;
    for (const counter of this.counters) if (counter.count < least.count) least = counter;
    this.counterByKey.delete(least.key);
    least.key = key;
    least.over = least.count;
    least.count += weight;
    this.counterByKey.set(key, least);
  }

  scale(factor: number): void {
    for (const counter of this.counters) {
      counter.count *= factor;
      counter.over *= factor;
    }
  }

  /** The first, by what they have at least. */
  top(count: number): ReadonlyArray<Readonly<Counter>> {
    return this.counters.map((counter) => ({ ...counter })).sort((a, b) => b.count - b.over - (a.count - a.over) || (a.key < b.key ? -1 : 1)).slice(0, count);
  }
}

/** The keys that take the most of what is decided now, by entity type; seen from beside the path, by a sample that stands for all. */
export class HotKeyWatch implements HotKeys {
  private readonly hittersByType = new Map<string, HeavyHitters>();
  /** Rows passed over since the last one that was looked at. */
  private passed = 0;
  private lastMs = -Infinity;
  private turnedMs: number | undefined;
  private halvedMs = 0;
  private total = 0;
  /** How much time the counts stand for, ms. */
  private heldMs = 0;

  constructor(metrics?: Metrics) {
    metrics?.gauge({ service: 'gateway', noun: 'hot_key_share', help: 'Share of the decided events that the hottest key of an entity type takes; GET /hot-keys names it.', labels: ['entity'] }, 'ratio', (gauge) => {
      for (const type of this.hittersByType.keys()) gauge.set({ entity: type }, this.of(type, 1)[0]?.share ?? 0);
    });
  }

  /** `entities`: `type:key` each. Once per batch. */
  add(rows: ReadonlyArray<{ readonly entities: readonly string[] }>, nowMs: number): void {
    let index = nowMs - this.lastMs >= everyMs ? 0 : stride - 1 - this.passed, from = 0;
    if (index < rows.length) this.turn(nowMs);
    for (; index < rows.length; index += stride) {
      this.take((rows[index] as { readonly entities: readonly string[] }).entities, this.passed + index - from + 1);
      this.passed = 0;
      from = index + 1;
      this.lastMs = nowMs;
    }
    this.passed += rows.length - from;
  }

  now(): { readonly asOfMs: number | null; readonly windowMs: number; readonly keys: readonly HotKey[] } {
    const keys = [...this.hittersByType.keys()].sort().flatMap((type) => this.of(type, shownMax));
    return { asOfMs: Number.isFinite(this.lastMs) ? this.lastMs : null, windowMs: Math.round(this.heldMs), keys };
  }

  private of(type: string, count: number): HotKey[] {
    const { total, heldMs } = this;
    return (this.hittersByType.get(type)?.top(count) ?? []).filter((each) => each.count - each.over >= shownShareMin * total)
      .map((each) => ({ entityType: type, entityId: each.key, share: (each.count - each.over) / total, shareMax: each.count / total, perSecond: heldMs < 1_000 ? null : ((each.count - each.over) * 1_000) / heldMs }));
  }

  private turn(nowMs: number): void {
    this.turnedMs ??= this.halvedMs = nowMs;
    this.heldMs += Math.max(0, nowMs - this.turnedMs);
    this.turnedMs = nowMs;
    const halvings = Math.floor((nowMs - this.halvedMs) / halfLifeMs);
    if (halvings <= 0) return;
    const factor = 2 ** -Math.min(halvings, halvingsMax);
    this.halvedMs += halvings * halfLifeMs;
    this.total *= factor;
    this.heldMs *= factor;
    for (const hitters of this.hittersByType.values()) hitters.scale(factor);
  }

  private take(entities: readonly string[], weight: number): void {
    this.total += weight;
    for (const entity of entities) {
      const end = entity.indexOf(':'), type = entity.slice(0, end);
      let hitters = this.hittersByType.get(type);
      if (hitters === undefined) {
        if (this.hittersByType.size >= typesMax) continue;
        this.hittersByType.set(type, (hitters = new HeavyHitters(keysMax)));
      }
      hitters.add(entity.slice(end + 1), weight);
    }
  }
}
