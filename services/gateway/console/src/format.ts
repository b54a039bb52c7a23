const timeOfDay = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const dayOnly = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });

export const clockTime = (iso: string): string => timeOfDay.format(new Date(iso));
export const fullTime = (iso: string): string => dateAndTime.format(new Date(iso));
/** The day of a week's beginning, which is in UTC. */
export const shortDay = (iso: string): string => dayOnly.format(new Date(iso));
export const count = (value: number): string => whole.format(value);
export const percent = (fraction: number): string => `${(100 * fraction).toFixed(fraction > 0 && fraction < 0.1 ? 1 : 0)} %`;
export const score = (value: number): string => value.toFixed(3);
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)} ms`;
  return value < 1_000 ? `${whole.format(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}

/** Any value of a feature or a field, on one line. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return precise.format(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(plain).join(', ');
  if (typeof value === 'object') return Object.entries(value).map(([name, of]) => `${name}: ${plain(of)}`).join(', ');
  return String(value);
}

/** `block_rule` → `block rule`. */
export const words = (name: string): string => name.replaceAll('_', ' ');
