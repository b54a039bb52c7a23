/** Offsets kept per zone before the least recently made are forgotten; one entry covers a stretch without a change of the clock. */
const stretchesMax = 512;
const zonesMax = 64;
const dayMs = 86_400_000;
/** Step of the search for changes of the clock: no zone changes twice within it and back. */
const searchStepMs = 7 * dayMs;

interface Stretch { readonly fromMs: number; readonly untilMs: number; readonly offsetMs: number }

/** UTC offsets and local midnights of one IANA zone. */
export class Zone {
  private readonly format: Intl.DateTimeFormat | null;
  private stretches: Stretch[] = [];
  private last: Stretch = { fromMs: 0, untilMs: 0, offsetMs: 0 };

  constructor(readonly name: string) {
    this.format = name === 'UTC' || name === 'Etc/UTC' ? null : new Intl.DateTimeFormat('en-US', {
      timeZone: name, hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
  }

  /** Local wall clock minus UTC at the instant, ms. */
  offsetMs(utcMs: number): number {
    if (this.format === null) return 0;
    if (utcMs >= this.last.fromMs && utcMs < this.last.untilMs) return this.last.offsetMs;
    for (const stretch of this.stretches) {
      if (utcMs < stretch.fromMs || utcMs >= stretch.untilMs) continue;
      this.last = stretch;
      return stretch.offsetMs;
    }
    const stretch = this.findStretch(utcMs);
    if (this.stretches.length >= stretchesMax) this.stretches = this.stretches.slice(stretchesMax / 2);
    this.stretches.push(stretch);
    this.last = stretch;
    return stretch.offsetMs;
  }

  /** `floor_step` of the local wall clock, as an instant with the offset that holds at `utcMs`. */
  floorMs(utcMs: number, stepMs: number): number {
    const offset = this.offsetMs(utcMs);
    return Math.floor((utcMs + offset) / stepMs) * stepMs - offset;
  }

  /** The first instant of the local day, week (Monday) or month that holds `utcMs`. */
  startOf(unit: 'day' | 'week' | 'month', utcMs: number): number {
    const localMs = utcMs + this.offsetMs(utcMs);
    let day = Math.floor(localMs / dayMs);
    if (unit === 'week') day -= ((day + 3) % 7 + 7) % 7; // day 0 was a Thursday
    if (unit === 'month') day -= new Date(day * dayMs).getUTCDate() - 1;
    return this.firstInstant(day * dayMs, utcMs);
  }

  /** The first instant whose local wall clock is at or after `localMs`; where midnight is skipped, the instant after the gap. */
  private firstInstant(localMs: number, notAfterMs: number): number {
    const before = this.offsetMs(localMs - dayMs);
    const early = localMs - before;
    // Where the clock goes back over midnight, the earlier of the two midnights is taken.
    if (early + this.offsetMs(early) === localMs) return early;
    const after = this.offsetMs(localMs + dayMs);
    const late = localMs - after;
    if (late + this.offsetMs(late) === localMs) return late;
    return Math.min(this.changeBetween(Math.min(early, late) - 1, Math.max(early, late) + 1), notAfterMs);
  }

  /** The first instant in (fromMs, untilMs] with another offset than at `fromMs`. */
  private changeBetween(fromMs: number, untilMs: number): number {
    const offset = this.lookUp(fromMs);
    let low = fromMs;
    let high = untilMs;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.lookUp(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  private findStretch(utcMs: number): Stretch {
    const offsetMs = this.lookUp(utcMs);
    const cellFrom = Math.floor(utcMs / searchStepMs) * searchStepMs;
    const cellUntil = cellFrom + searchStepMs;
    const fromMs = this.lookUp(cellFrom) === offsetMs ? cellFrom : this.changeBetween(cellFrom, utcMs);
    const untilMs = this.lookUp(cellUntil - 1) === offsetMs ? cellUntil : this.changeBetween(utcMs, cellUntil);
    return { fromMs, untilMs, offsetMs };
  }

  private lookUp(utcMs: number): number {
    if (this.format === null) return 0;
    const wholeMs = Math.floor(utcMs / 1000) * 1000;
    const field: Record<string, number> = {};
    let beforeChrist = false;
    for (const part of this.format.formatToParts(wholeMs)) {
      if (part.type === 'era') beforeChrist = part.value.startsWith('B');
      else field[part.type] = Number(part.value);
    }
    const year = beforeChrist ? 1 - (field['year'] ?? 1) : (field['year'] ?? 0);
    const local = new Date(0);
    local.setUTCFullYear(year, (field['month'] ?? 1) - 1, field['day'] ?? 1);
    local.setUTCHours(field['hour'] ?? 0, field['minute'] ?? 0, field['second'] ?? 0);
    return local.getTime() - wholeMs;
  }
}

const zoneByName = new Map<string, Zone>();

/** The zone of an IANA name, made once. @throws RangeError for an unknown name. */
export function zoneOf(name: string): Zone {
  let zone = zoneByName.get(name);
  if (zone === undefined) {
    zone = new Zone(name);
    if (zoneByName.size >= zonesMax) zoneByName.clear();
    zoneByName.set(name, zone);
  }
  return zone;
}
