import type { LaneTime } from '@weir/contracts';
import type { Source } from '@weir/definitions';

interface SourceClock {
  highestTimeMs: number;
  watermarkMs: number;
  /** `received_at` of the last accepted event, ms; only looked at when our own clock stamped it. */
  lastReceivedMs: number;
  /** The last accepted event brought its own `received_at`: the source is never idle. */
  broughtOwnClock: boolean;
}

/**
 * The lane's clock and the watermark of every source. The clock is the highest `received_at` that our own clock stamped; a source idle for its
 * `idle_timeout` on that clock follows it. A watermark never goes back; it moves by records alone.
 */
export class LaneClock {
  #clockMs = -Infinity;
  readonly #clockBySource = new Map<string, SourceClock>();
  #sources: ReadonlyMap<string, Source> = new Map();
  #time: LaneTime | undefined;

  /** The sources in force; what an unknown source had stays, and counts for nothing until it is back. */
  setSources(sources: ReadonlyMap<string, Source>): void {
    this.#sources = sources;
    this.#time = undefined;
  }

  /** A record stamped by our own clock has arrived. */
  advance(receivedAtMs: number): void {
    if (receivedAtMs <= this.#clockMs) return;
    this.#clockMs = receivedAtMs;
    this.#time = undefined;
    for (const [name, clock] of this.#clockBySource) {
      const source = this.#sources.get(name);
      if (source === undefined || clock.broughtOwnClock || receivedAtMs - clock.lastReceivedMs < source.idleTimeoutMs) continue;
      clock.watermarkMs = Math.max(clock.watermarkMs, receivedAtMs - source.idleTimeoutMs - source.outOfOrdernessMs);
    }
  }

  /** An event was accepted. */
  accept(source: Source, event: { readonly timeMs: number; readonly receivedAtMs: number }, broughtOwnClock: boolean): void {
    let clock = this.#clockBySource.get(source.name);
    if (clock === undefined) this.#clockBySource.set(source.name, (clock = { highestTimeMs: -Infinity, watermarkMs: -Infinity, lastReceivedMs: -Infinity, broughtOwnClock }));
    if (event.timeMs > clock.highestTimeMs) clock.highestTimeMs = event.timeMs;
    clock.lastReceivedMs = event.receivedAtMs;
    clock.broughtOwnClock = broughtOwnClock;
    const watermarkMs = clock.highestTimeMs - source.outOfOrdernessMs;
    if (watermarkMs <= clock.watermarkMs) return;
    clock.watermarkMs = watermarkMs;
    this.#time = undefined;
  }

  /** -Infinity before the source's first event. */
  watermarkMs(source: string): number {
    return this.#clockBySource.get(source)?.watermarkMs ?? -Infinity;
  }

  /** The same object until something changes. */
  time(): LaneTime {
    if (this.#time !== undefined) return this.#time;
    const watermarkMsBySource = new Map<string, number>();
    for (const [name, clock] of this.#clockBySource) {
      if (this.#sources.has(name)) watermarkMsBySource.set(name, clock.watermarkMs);
    }
    return (this.#time = { clockMs: this.#clockMs, watermarkMsBySource });
  }

  clone(): LaneClock {
    const copy = new LaneClock();
    copy.restore(this.encode());
    copy.setSources(this.#sources);
    return copy;
  }

  /** Canonical: sources by name; -Infinity as null. */
  encode(): string {
    const sources = [...this.#clockBySource].sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify({
      clock: finite(this.#clockMs),
      sources: sources.map(([name, clock]) => [name, finite(clock.highestTimeMs), finite(clock.watermarkMs), finite(clock.lastReceivedMs), clock.broughtOwnClock]),
    });
  }

  restore(text: string): void {
    const read = JSON.parse(text) as { clock: number | null; sources: ReadonlyArray<readonly [string, number | null, number | null, number | null, boolean]> };
    this.#clockMs = read.clock ?? -Infinity;
    this.#clockBySource.clear();
    for (const [name, highest, watermark, last, own] of read.sources) {
      this.#clockBySource.set(name, { highestTimeMs: highest ?? -Infinity, watermarkMs: watermark ?? -Infinity, lastReceivedMs: last ?? -Infinity, broughtOwnClock: own });
    }
    this.#time = undefined;
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
