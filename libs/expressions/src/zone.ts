/** Offsets kept per zone; when full they are forgotten and found again. 16,384 hours are close to two years. */
export const zoneHoursMax = 16_384;
/** Zones kept; a zone beyond is opened anew each time. */
const zonesMax = 700;
const hourMs = 3_600_000;

/** UTC offset of a zone in ms at a moment. */
export type ZoneOffset = (atMs: number) => number;

const zones = new Map<string, ZoneOffset | undefined>();

/** The offsets of an IANA zone (`Europe/Berlin`) or of a fixed one (`+05:30`); undefined for a name that is no zone. Its moments are timestamps of CEL. */
export function zoneOffset(name: string): ZoneOffset | undefined {
  if (zones.has(name)) return zones.get(name);
  const offset = fixedOffset(name) ?? namedOffset(name);
  if (zones.size < zonesMax) zones.set(name, offset);
  return offset;
}

function fixedOffset(name: string): ZoneOffset | undefined {
  const match = /^([+-]?)(\d\d):([0-5]\d)$/.exec(name);
  if (!match || Number(match[2]) > 23) return name === 'UTC' ? () => 0 : undefined;
  const offsetMs = (match[1] === '-' ? -1 : 1) * (Number(match[2]) * hourMs + Number(match[3]) * 60_000);
  return () => offsetMs;
}

/** Offsets by hour of UTC. An hour in which the offset changes is not kept but asked for each time. */
function namedOffset(name: string): ZoneOffset | undefined {
  const ask = askIntl(name);
  if (ask === undefined) return undefined;
  const offsetByHour = new Map<number, number>();
  let lastHour = Number.NaN;
  let lastOffsetMs = 0;
  return (atMs) => {
    const hour = Math.floor(atMs / hourMs);
    if (hour === lastHour) return lastOffsetMs;
    let offsetMs = offsetByHour.get(hour);
    if (offsetMs === undefined) {
      offsetMs = ask(hour * hourMs);
      if (offsetMs !== ask((hour + 1) * hourMs - 1)) return ask(atMs);
      if (offsetByHour.size >= zoneHoursMax) offsetByHour.clear();
      offsetByHour.set(hour, offsetMs);
    }
    lastHour = hour;
    lastOffsetMs = offsetMs;
    return offsetMs;
  };
}

function askIntl(name: string): ZoneOffset | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' });
  } catch {
    return undefined; // A RangeError: no such zone.
  }
  return (atMs) => {
    const part: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(atMs)) part[type] = value;
    const year = part['era']?.startsWith('B') ? 1 - Number(part['year']) : Number(part['year']);
    const local = new Date(Date.UTC(2000, Number(part['month']) - 1, Number(part['day']), Number(part['hour']), Number(part['minute']), Number(part['second'])));
    local.setUTCFullYear(year, Number(part['month']) - 1, Number(part['day']));
    return local.getTime() - Math.floor(atMs / 1000) * 1000;
  };
}
