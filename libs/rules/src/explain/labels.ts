import type { CelValue } from '@weir/expressions';
import type { DefinitionSet, Source } from '@weir/definitions';

/** How a path is named to people and how its values are written. */
export interface Label { readonly name: string; readonly format: (value: CelValue) => string }

/** Minor units a major unit has where the field does not say: two decimals, as most currencies. */
const defaultDecimals = 2;

/** `tx.amount` is "amount"; money is written in major units, times in ISO 8601. */
export function labelOf(path: readonly string[], set: DefinitionSet, source: Source): Label {
  const [root, ...rest] = path;
  if (root === 'score') return { name: "the model's p", format: plain };
  if (root === 'tx') {
    const field = source.fields.find(({ name }) => name === rest[0]);
    if (rest[0] === source.time || field?.type === 'timestamp') return { name: rest.join('.'), format: time };
    return { name: rest.join('.'), format: field?.type === 'money' ? money(field.decimals ?? defaultDecimals) : plain };
  }
  if (root === 'features') {
    const views = rest.length === 2 ? [set.views.get(rest[0] ?? '')] : [...set.views.values()];
    const type = views.flatMap((view) => view?.features ?? []).find(({ name }) => name === rest.at(-1))?.type;
    return { name: rest.at(-1) ?? '', format: type === 'money' ? money(defaultDecimals) : type === 'timestamp' ? time : plain };
  }
  if (root === 'profile') return { name: `${rest.at(-1) ?? ''} of ${rest[0] ?? ''}`, format: plain };
  return { name: path.join('.'), format: plain };
}

export function plain(value: CelValue): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (typeof value === 'number') return Number.isInteger(value) ? grouped(String(value)) : String(Number(value.toPrecision(12)));
  return typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

const time = (value: CelValue): string => (typeof value === 'number' ? new Date(value).toISOString() : plain(value));

/** Minor units as major ones, exactly: 1000001 is 10,000.01. */
const money = (decimals: number) => (value: CelValue): string => {
  if (typeof value !== 'number' || !Number.isInteger(value)) return typeof value === 'number' ? (value / 10 ** decimals).toFixed(decimals) : plain(value);
  const digits = String(Math.abs(value)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals), fraction = digits.slice(digits.length - decimals);
  return `${value < 0 ? '-' : ''}${grouped(whole)}${decimals > 0 ? `.${fraction}` : ''}`;
};

/** Four digits and more in groups of three. */
function grouped(digits: string): string {
  const { length } = digits, start = digits.startsWith('-') ? 1 : 0;
  if (length - start <= 3 || digits.includes('e')) return digits;
  let at = start + ((length - start) % 3 || 3), text = digits.slice(0, at);
  for (; at < length; at += 3) text += `,${digits.slice(at, at + 3)}`;
  return text;
}
