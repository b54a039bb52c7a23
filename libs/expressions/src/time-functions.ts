import type { CelType, Expression } from './api';
import type { BuiltIn } from './built-in';
import { constantText, evaluateOf, isKind } from './built-in';
import { civilFromDays, dayOfWeek, daysFromCivil, daysOf, isTimestamp, msOfDay } from './civil-time';
import type { Evaluate, Place } from './scope';
import { refuseAt } from './scope';
import { parseDuration, parseTimestamp } from './time-text';
import { celDuration, celInt, celTimestamp } from './types';
import { zoneOffset } from './zone';

/** From local ms of a timestamp. */
const ofTimestamp: Readonly<Record<string, (localMs: number) => number>> = {
  getFullYear: (localMs) => civilFromDays(daysOf(localMs)).year,
  getMonth: (localMs) => civilFromDays(daysOf(localMs)).month,
  getDate: (localMs) => civilFromDays(daysOf(localMs)).day,
  getDayOfMonth: (localMs) => civilFromDays(daysOf(localMs)).day - 1,
  getDayOfYear: (localMs) => daysOf(localMs) - daysFromCivil({ year: civilFromDays(daysOf(localMs)).year, month: 0, day: 1 }),
  getDayOfWeek: dayOfWeek,
  getHours: (localMs) => Math.floor(msOfDay(localMs) / 3_600_000),
  getMinutes: (localMs) => Math.floor(msOfDay(localMs) / 60_000) % 60,
  getSeconds: (localMs) => Math.floor(msOfDay(localMs) / 1000) % 60,
  getMilliseconds: (localMs) => msOfDay(localMs) % 1000,
};
/** From ms of a duration: the whole of it in the unit, truncated; of milliseconds those within the second, as CEL has it. */
const ofDuration: Readonly<Record<string, (ms: number) => number>> = {
  getHours: (ms) => Math.trunc(ms / 3_600_000) + 0,
  getMinutes: (ms) => Math.trunc(ms / 60_000) + 0,
  getSeconds: (ms) => Math.trunc(ms / 1000) + 0,
  getMilliseconds: (ms) => (ms % 1000) + 0,
};

function getter(name: string, local: (localMs: number) => number): BuiltIn {
  const whole = ofDuration[name];
  return {
    style: 'method',
    signature: `timestamp.${name}() or timestamp.${name}(zone)${whole ? ` or duration.${name}()` : ''}`,
    type: ([receiver, zone, ...rest]: readonly CelType[]) => {
      if (receiver === undefined || rest.length > 0) return undefined;
      if (receiver.kind === 'duration') return whole !== undefined && zone === undefined ? celInt : undefined;
      return receiver.kind === 'timestamp' && (zone === undefined || isKind(zone, 'string')) ? celInt : undefined;
    },
    make: (operands, place) => {
      const read = evaluateOf(operands, 0, place);
      if (operands[0]?.type.kind === 'duration') return (frame) => { const ms = read(frame); return typeof ms === 'number' && whole ? whole(ms) : undefined; };
      if (operands[1] === undefined) return (frame) => { const atMs = read(frame); return typeof atMs === 'number' && isTimestamp(atMs) ? local(atMs) : undefined; };
      return inZone(local, read, operands[1], place);
    },
  };
}

function inZone<Frame>(local: (localMs: number) => number, read: Evaluate<Frame>, zone: Expression<Frame>, place: Place): Evaluate<Frame> {
  const name = constantText(zone);
  if (name !== undefined) {
    const offset = zoneOffset(name) ?? refuseAt({ ...place, at: zone.at }, { field: zone.text, expected: 'an IANA zone such as "Europe/Berlin", or "+05:30"', got: name });
    return (frame) => { const atMs = read(frame); return typeof atMs === 'number' && isTimestamp(atMs) ? local(atMs + offset(atMs)) : undefined; };
  }
  return (frame) => {
    const atMs = read(frame), zoneName = zone.evaluate(frame);
    const offset = typeof zoneName === 'string' ? zoneOffset(zoneName) : undefined;
    return typeof atMs === 'number' && offset !== undefined && isTimestamp(atMs) ? local(atMs + offset(atMs)) : undefined;
  };
}

/** `timestamp(…)` and `duration(…)`: of text, of themselves; a timestamp also of whole seconds since the epoch. */
function ofText(made: CelType, parse: (text: string) => number | undefined, expected: string): BuiltIn {
  const isTime = made.kind === 'timestamp';
  return {
    style: 'global',
    signature: isTime ? 'timestamp(string) or timestamp(int seconds)' : 'duration(string)',
    type: ([type, ...rest]) => (rest.length === 0 && isKind(type, 'string', made.kind, ...(isTime ? ['int' as const] : [])) ? made : undefined),
    make: (operands, place) => {
      const [operand] = operands;
      const read = evaluateOf(operands, 0, place);
      const constant = constantText(operand);
      if (constant !== undefined && parse(constant) === undefined) refuseAt({ ...place, at: operand?.at ?? place.at }, { field: operand?.text ?? place.text, expected, got: constant });
      if (operand?.type.kind === made.kind) return read;
      return (frame) => {
        const value = read(frame);
        if (typeof value === 'string') return parse(value);
        return typeof value === 'number' && isTime && isTimestamp(value * 1000) ? value * 1000 : undefined;
      };
    },
  };
}

export const timeFunctions: ReadonlyMap<string, BuiltIn> = new Map([
  ...Object.entries(ofTimestamp).map(([name, local]): [string, BuiltIn] => [name, getter(name, local)]),
  ['timestamp', ofText(celTimestamp, parseTimestamp, 'a time such as "2024-05-01T10:00:00Z"')],
  ['duration', ofText(celDuration, parseDuration, 'a duration such as "1h30m", in whole ms')],
]);
