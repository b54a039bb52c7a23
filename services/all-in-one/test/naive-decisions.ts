import { BlockList, isIP } from 'node:net';
import type { SeededRandom } from '@weir/testkit';

/**
 * Random decision cases, and the answer of a full scan that keeps everything and knows no index, no window state and no compiled condition: every rule
 * is walked as it was generated, every feature is counted again from all events, every list is looked through from its beginning, the score is exact.
 */
type Kind = 'bool' | 'int' | 'double' | 'string' | 'time';
type Naive = bigint | number | string | boolean | undefined;
type Tree =
  | { readonly is: 'read'; readonly kind: Kind; readonly text: string; readonly of: (at: At) => Naive }
  | { readonly is: 'constant'; readonly kind: Kind; readonly value: Naive; readonly text: string }
  | { readonly is: 'logic'; readonly op: '&&' | '||'; readonly parts: readonly Tree[] }
  | { readonly is: 'not' | 'missing' | 'there'; readonly a: Tree }
  | { readonly is: 'compare'; readonly op: string; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'number'; readonly op: string; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'if'; readonly test: Tree; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'among'; readonly a: Tree; readonly of: readonly Tree[] }
  | { readonly is: 'listed'; readonly a: Tree; readonly list: string }
  | { readonly is: 'text'; readonly call: 'startsWith' | 'endsWith' | 'contains'; readonly a: Tree; readonly b: Tree }
  | { readonly is: 'clock'; readonly call: string; readonly a: Tree };

export interface Event { readonly transaction_id: string; readonly event_time: number; readonly [field: string]: string | number | boolean | null }
interface At { readonly event: Event; readonly earlier: readonly Event[]; readonly lists: Lists }
type Document = Readonly<Record<string, unknown>>;

interface RuleLike {
  readonly name: string; readonly when: Tree; readonly weight: number; readonly outcome: string; readonly mode: string; readonly from: number | undefined; readonly to: number | undefined;
  readonly adds: ReadonlyArray<{ readonly list: string; readonly value: Tree; readonly ttlMs: number | undefined }>; readonly alerts: boolean;
}
interface ListLike { readonly name: string; readonly of: string; readonly effect: string; readonly match: string; readonly ttlMs: number | undefined }
interface PolicyLike { readonly name: string; readonly when: Tree | undefined; readonly order: number; readonly review: number; readonly block: number; readonly fallback: string; readonly alertAbove: number }
interface Entry { readonly value: string; readonly from?: number; readonly until?: number }

export interface RandomCase {
  readonly line: Readonly<Record<string, unknown>>;
  readonly rules: readonly RuleLike[]; readonly lists: readonly ListLike[]; readonly policies: readonly PolicyLike[]; readonly entries: Readonly<Record<string, readonly Entry[]>>; readonly events: readonly Event[];
}

const startMs = 1_700_000_000_000;
const fieldKinds: Readonly<Record<string, Kind>> = { amount: 'int', n: 'int', v: 'double', w: 'double', country: 'string', card_id: 'string', email: 'string', ip: 'string', ok: 'bool', flag: 'bool', seen: 'time' };
const fieldTypes: Readonly<Record<string, string>> = { transaction_id: 'string!', card_id: 'string', amount: 'money', n: 'int', v: 'number', w: 'number', country: 'string', email: 'string', ip: 'string', ok: 'bool', flag: 'bool', seen: 'timestamp' };
const profiles = [{ card_id: 'c0', level: 'gold', limit: 5_000, share: 0.5 }, { card_id: 'c1', level: 'new', limit: null, share: 2 }, { card_id: '', level: '', limit: 0, share: -1 }] as const;
const ints = [0, 1, 2, 3, 7, -5, 100, 5_000, 9_007_199_254_740_991];
const doubles = [0, 1, 2.5, -0.25, 7, 0.5];
const countries = ['NO', 'SE', '', 'no', 'N', 'ÅLAND'], emails = ['A@b.no', ' a@B.no ', 'x@y.z', ''], addresses = ['10.0.0.1', '10.0.1.9', '192.168.0.1', '2001:db8::1', 'nowhere', '10.0.0'];
const cards = ['c0', 'c1', 'c2', ''], windowMs = 3_600_000;
const maybe = <T>(random: SeededRandom, value: T, share = 0.2): T | null => (random.chance(share) ? null : value);

/** The events of the entity that a read of the event sees: the earlier ones in the log not after it, and itself. */
const ofCard = ({ event, earlier }: At): readonly Event[] | undefined => (event['card_id'] === null || event['card_id'] === undefined ? undefined : [...earlier.filter((each) => each['card_id'] === event['card_id'] && each.event_time <= event.event_time), event]);
const inWindow = (at: At): readonly Event[] | undefined => ofCard(at)?.filter(({ event_time }) => event_time > at.event.event_time - windowMs);
const numbersOf = (events: readonly Event[], field: string): number[] => events.flatMap((event) => { const value = event[field]; return typeof value === 'number' ? [value] : []; });
const newest = (events: readonly Event[]): Event | undefined => events.reduce<Event | undefined>((best, event) => (best === undefined || event.event_time >= best.event_time ? event : best), undefined);
const row = (event: Event) => profiles.find(({ card_id }) => card_id === event['card_id']);
const intOf = (value: number | null | undefined): bigint | undefined => (value === null || value === undefined ? undefined : BigInt(value));

const reads: readonly (Tree & { readonly is: 'read' })[] = [
  ...Object.entries(fieldKinds).map(([name, kind]): Tree & { is: 'read' } => ({ is: 'read', kind, text: `tx.${name}`, of: ({ event }) => { const value = event[name] ?? undefined; return kind === 'int' && typeof value === 'number' ? BigInt(value) : value; } })),
  { is: 'read', kind: 'time', text: 'tx.event_time', of: ({ event }) => event.event_time },
  { is: 'read', kind: 'int', text: 'features.uses_1h', of: (at) => intOf(inWindow(at)?.length) },
  { is: 'read', kind: 'int', text: 'features.by_card.spent_1h', of: (at) => { const seen = inWindow(at); return seen && BigInt(numbersOf(seen, 'amount').reduce((sum, each) => sum + each, 0)); } },
  { is: 'read', kind: 'double', text: 'features.usual_1h', of: (at) => { const seen = inWindow(at), values = seen && numbersOf(seen, 'v'); return values === undefined || values.length === 0 ? undefined : values.reduce((sum, each) => sum + each, 0) / values.length; } },
  { is: 'read', kind: 'int', text: 'features.places_1h', of: (at) => intOf(inWindow(at) && new Set(inWindow(at)?.flatMap(({ country }) => (typeof country === 'string' ? [country] : []))).size) },
  { is: 'read', kind: 'string', text: 'features.by_card.last_country', of: (at) => { const value = newest(ofCard(at) ?? [])?.['country']; return typeof value === 'string' ? value : undefined; } },
  { is: 'read', kind: 'string', text: 'profile.customers.level', of: ({ event }) => row(event)?.level },
  { is: 'read', kind: 'int', text: 'profile.customers.limit', of: ({ event }) => intOf(row(event)?.limit) },
  { is: 'read', kind: 'double', text: 'profile.customers.share', of: ({ event }) => row(event)?.share },
  { is: 'read', kind: 'double', text: 'score', of: () => 0 },
];

function constant(kind: Kind, random: SeededRandom): Tree {
  switch (kind) {
    case 'bool': { const value = random.chance(0.5); return { is: 'constant', kind, value, text: String(value) }; }
    case 'int': { const value = random.pick(ints); return { is: 'constant', kind, value: BigInt(value), text: value < 0 ? `(${value})` : `${value}` }; }
    case 'double': { const value = random.pick(doubles); return { is: 'constant', kind, value, text: value < 0 ? `(${value})` : Number.isInteger(value) ? `${value}.0` : `${value}` }; }
    case 'string': { const value = random.pick([...countries, 'c0', 'gold', 'A@b.no']); return { is: 'constant', kind, value, text: JSON.stringify(value) }; }
    case 'time': { const value = startMs + random.int(-5, 5) * 600_000; return { is: 'constant', kind, value, text: `timestamp("${new Date(value).toISOString()}")` }; }
  }
}

const leaf = (kind: Kind, random: SeededRandom): Tree => (random.chance(0.25) ? constant(kind, random) : random.pick(reads.filter((each) => each.kind === kind)));

function value(kind: Kind, depth: number, random: SeededRandom): Tree {
  if (kind === 'bool') return condition(depth, random);
  if (depth <= 0 || random.chance(0.55)) return leaf(kind, random);
  if (random.chance(0.15)) return { is: 'if', test: condition(depth - 1, random), a: value(kind, depth - 1, random), b: value(kind, depth - 1, random) };
  if (kind === 'int') return random.chance(0.2) ? { is: 'clock', call: random.pick(['getHours', 'getMinutes', 'getDayOfWeek', 'getMonth', 'getSeconds']), a: leaf('time', random) } : { is: 'number', op: random.pick(['+', '-', '*', '/', '%']), a: value('int', depth - 1, random), b: value('int', depth - 1, random) };
  if (kind === 'double') return { is: 'number', op: random.pick(['+', '-', '*', '/']), a: value(random.pick(['int', 'double']), depth - 1, random), b: value('double', depth - 1, random) };
  return leaf(kind, random);
}

const listNames = ['plain', 'mails', 'nets', 'counts'];

function condition(depth: number, random: SeededRandom): Tree {
  const kind = random.pick(['int', 'int', 'double', 'string', 'time', 'bool'] as const);
  const other: Kind = (kind === 'int' || kind === 'double') && random.chance(0.4) ? random.pick(['int', 'double']) : kind;
  switch (depth <= 0 ? random.int(4, 9) : random.int(0, 10)) {
    case 0: case 1: return { is: 'logic', op: '&&', parts: Array.from({ length: random.int(2, 3) }, () => condition(depth - 1, random)) };
    case 2: return { is: 'logic', op: '||', parts: Array.from({ length: random.int(2, 3) }, () => condition(depth - 1, random)) };
    case 3: return { is: 'not', a: condition(depth - 1, random) };
    case 4: return { is: random.pick(['missing', 'there']), a: random.pick(reads) };
    case 5: return { is: 'among', a: leaf(kind, random), of: Array.from({ length: random.int(1, 5) }, () => constant(other, random)) };
    case 6: return { is: 'listed', a: random.chance(0.85) ? random.pick(reads.filter((each) => each.kind === 'string')) : random.pick(reads.filter((each) => each.kind === 'int')), list: random.pick(listNames) };
    case 7: return { is: 'text', call: random.pick(['startsWith', 'endsWith', 'contains']), a: leaf('string', random), b: constant('string', random) };
    case 8: return leaf('bool', random);
    default: return { is: 'compare', op: random.pick(kind === 'bool' ? ['==', '!='] : ['==', '!=', '<', '<=', '>', '>=']), a: value(kind, depth - 1, random), b: random.chance(0.6) ? constant(other, random) : value(other, depth - 1, random) };
  }
}

function textOf(tree: Tree): string {
  switch (tree.is) {
    case 'read': case 'constant': return tree.text;
    case 'logic': return `(${tree.parts.map(textOf).join(` ${tree.op} `)})`;
    case 'not': return `!(${textOf(tree.a)})`;
    case 'missing': return `(${textOf(tree.a)} == null)`;
    case 'there': return tree.a.is === 'read' && tree.a.text.startsWith('tx.') ? `has(${tree.a.text})` : `(${textOf(tree.a)} != null)`;
    case 'compare': case 'number': return `(${textOf(tree.a)} ${tree.op} ${textOf(tree.b)})`;
    case 'if': return `(${textOf(tree.test)} ? ${textOf(tree.a)} : ${textOf(tree.b)})`;
    case 'among': return `(${textOf(tree.a)} in [${tree.of.map(textOf).join(', ')}])`;
    case 'listed': return `(${textOf(tree.a)} in lists.${tree.list})`;
    case 'text': return `${textOf(tree.a)}.${tree.call}(${textOf(tree.b)})`;
    case 'clock': return `${textOf(tree.a)}.${tree.call}()`;
  }
}

const bound = 9_007_199_254_740_991n;

function walk(tree: Tree, at: At): Naive {
  switch (tree.is) {
    case 'read': return tree.of(at);
    case 'constant': return tree.value;
    case 'logic': return logic(tree.op, tree.parts.map((part) => walk(part, at)));
    case 'not': { const a = walk(tree.a, at); return typeof a === 'boolean' ? !a : undefined; }
    case 'missing': return walk(tree.a, at) === undefined;
    case 'there': return walk(tree.a, at) !== undefined;
    case 'compare': return compared(tree.op, walk(tree.a, at), walk(tree.b, at));
    case 'number': return calculated(tree.op, walk(tree.a, at), walk(tree.b, at));
    case 'if': { const test = walk(tree.test, at); return test === undefined ? undefined : walk(test === true ? tree.a : tree.b, at); }
    case 'among': { const a = walk(tree.a, at); return logic('||', tree.of.map((each) => compared('==', a, walk(each, at)))); }
    case 'listed': { const a = walk(tree.a, at); return a === undefined ? undefined : at.lists.holds(tree.list, String(a), at.event.event_time); }
    case 'text': { const a = walk(tree.a, at), b = walk(tree.b, at); return typeof a !== 'string' || typeof b !== 'string' ? undefined : tree.call === 'startsWith' ? a.startsWith(b) : tree.call === 'endsWith' ? a.endsWith(b) : a.includes(b); }
    case 'clock': { const a = walk(tree.a, at); return typeof a === 'number' ? BigInt(clock(tree.call, new Date(a))) : undefined; }
  }
}

function clock(call: string, date: Date): number {
  return call === 'getHours' ? date.getUTCHours() : call === 'getMinutes' ? date.getUTCMinutes() : call === 'getSeconds' ? date.getUTCSeconds() : call === 'getMonth' ? date.getUTCMonth() : date.getUTCDay();
}

function logic(op: '&&' | '||', parts: readonly Naive[]): Naive {
  const decisive = op === '||';
  if (parts.includes(decisive)) return decisive;
  return parts.includes(undefined) ? undefined : !decisive;
}

function compared(op: string, a: Naive, b: Naive): Naive {
  if (a === undefined || b === undefined) return undefined;
  const order = typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a === b ? 0 : a < b ? -1 : a > b ? 1 : 0; // bigint and number compare exactly by value
  return op === '==' ? order === 0 : op === '!=' ? order !== 0 : op === '<' ? order < 0 : op === '<=' ? order <= 0 : op === '>' ? order > 0 : order >= 0;
}

function calculated(op: string, a: Naive, b: Naive): Naive {
  if (a === undefined || b === undefined) return undefined;
  if (typeof a === 'bigint' && typeof b === 'bigint') {
    if ((op === '/' || op === '%') && b === 0n) return undefined;
    const exact = op === '+' ? a + b : op === '-' ? a - b : op === '*' ? a * b : op === '/' ? a / b : a % b;
    return exact > bound || exact < -bound ? undefined : exact;
  }
  const x = Number(a), y = Number(b);
  if (op === '/' && y === 0) return undefined;
  const result = op === '+' ? x + y : op === '-' ? x - y : op === '*' ? x * y : x / y;
  return Number.isFinite(result) ? result : undefined;
}

/** Every entry there ever was, in its order. */
class Lists {
  private readonly entries: { readonly list: string; readonly value: string; readonly from: number; readonly until: number }[] = [];
  private readonly matchByName: ReadonlyMap<string, string>;

  constructor(lists: readonly ListLike[], given: Readonly<Record<string, readonly Entry[]>>) {
    this.matchByName = new Map(lists.map(({ name, match }) => [name, match]));
    for (const [list, entries] of Object.entries(given)) for (const { value: text, from, until } of entries) this.add(list, text, from ?? -Infinity, until ?? Infinity);
  }

  add(list: string, text: string, from: number, until: number): void { this.entries.push({ list, value: text, from, until }); }

  holds(list: string, text: string, atMs: number): boolean | undefined {
    const match = this.matchByName.get(list);
    if (match === 'cidr' && isIP(text) === 0) return undefined;
    return this.entries.some((entry) => entry.list === list && entry.from <= atMs && atMs < entry.until && same(match, entry.value, text));
  }
}

function same(match: string | undefined, entry: string, text: string): boolean {
  if (match === 'email') return entry.trim().toLowerCase() === text.trim().toLowerCase();
  if (match !== 'cidr') return entry === text;
  const [address = '', bits] = entry.split('/'), version = isIP(address);
  if (version === 0 || version !== isIP(text)) return false;
  const block = new BlockList(), family = version === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(address, bits === undefined ? (version === 4 ? 32 : 128) : Number(bits), family);
  return block.check(text, family);
}

export function randomCase(random: SeededRandom): RandomCase {
  const lists: readonly ListLike[] = [
    { name: 'plain', of: random.pick(['card_id', 'country']), match: 'exact' }, { name: 'mails', of: 'email', match: 'email' }, { name: 'nets', of: 'ip', match: 'cidr' }, { name: 'counts', of: 'country', match: 'exact' },
  ].map((list) => ({ ...list, effect: random.pick(['none', 'none', 'watch', 'block', 'allow', 'hard']), ttlMs: random.chance(0.4) ? random.pick([1_000, 60_000, 900_000]) : undefined }));
  const rules = Array.from({ length: random.pick([1, 4, 12, 40]) }, (_, index): RuleLike => {
    const adds = Array.from({ length: random.chance(0.25) ? random.int(1, 2) : 0 }, () => {
      const list = random.pick(['plain', 'mails', 'counts']);
      return { list, value: list === 'mails' ? random.pick(reads.filter(({ text }) => text === 'tx.email')) : leaf(random.chance(0.8) ? 'string' : 'int', random), ttlMs: random.chance(0.5) ? random.pick([500, 30_000, 3_600_000]) : undefined };
    });
    const at = (): number | undefined => (random.chance(0.1) ? startMs + random.int(0, 60) * 60_000 : undefined);
    return {
      name: `r${index}`, when: condition(random.int(0, 3), random), weight: random.pick([0, 0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.5, 0.7, 0.999, 1]), outcome: random.pick(['none', 'none', 'none', 'review', 'block', 'approve']),
      mode: random.pick(['live', 'live', 'live', 'live', 'shadow', 'off']), from: at(), to: at(), adds, alerts: random.chance(0.05),
    };
  });
  const policies = Array.from({ length: random.int(0, 3) }, (_, index): PolicyLike => {
    const review = random.pick([0.1, 0.2, 0.3, 0.5]);
    return { name: `p${random.int(0, 9)}${index}`, when: random.chance(0.6) ? condition(1, random) : undefined, order: random.int(0, 2), review, block: random.pick([review, 0.65, 0.8, 0.9]), fallback: random.pick(['approve', 'review', 'block']), alertAbove: random.pick([0.5, 0.8, 1]) };
  });
  const entries = Object.fromEntries(lists.filter(() => random.chance(0.7)).map(({ name }): [string, readonly Entry[]] => [name, Array.from({ length: random.int(1, 4) }, (): Entry => {
    const from = random.chance(0.3) ? startMs + random.int(0, 30) * 60_000 : undefined;
    return { value: name === 'nets' ? random.pick(['10.0.0.0/24', '10.0.0.1', '10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0']) : name === 'mails' ? random.pick(emails) : random.pick([...countries, ...cards, '7', '100']), ...(from === undefined ? {} : { from }), ...(random.chance(0.4) ? { until: (from ?? startMs) + random.int(1, 30) * 60_000 } : {}) };
  })]));
  let nowMs = startMs;
  const events = Array.from({ length: random.int(5, 40) }, (_, index): Event => {
    nowMs += random.pick([0, 1, 1_000, 60_000, 600_000]);
    return {
      transaction_id: `t${random.chance(0.05) ? random.int(0, index) : index}`, event_time: nowMs - (random.chance(0.15) ? random.int(0, 240_000) : 0), card_id: maybe(random, random.pick(cards), 0.1), amount: maybe(random, random.pick([0, 1, 99, 100, 5_000, 5_001])),
      n: maybe(random, random.pick(ints)), v: maybe(random, random.pick(doubles)), w: maybe(random, random.pick([...doubles, 0.1, 0.2])), country: maybe(random, random.pick(countries)), email: maybe(random, random.pick(emails)), ip: maybe(random, random.pick(addresses)),
      ok: maybe(random, random.chance(0.5)), flag: maybe(random, random.chance(0.5)), seen: maybe(random, startMs + random.int(-5, 5) * 600_000),
    };
  });
  return { rules, lists, policies, entries, events, line: { name: 'random', definitions: documentsOf(rules, lists, policies), lists: entries, tables: { customers: profiles }, events } };
}

function documentsOf(rules: readonly RuleLike[], lists: readonly ListLike[], policies: readonly PolicyLike[]): Document[] {
  return [
    { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', decide: true, fields: fieldTypes },
    { kind: 'Entity', name: 'card', key: 'card_id' }, { kind: 'Table', name: 'customers', key: 'card_id', fields: { card_id: 'string!', level: 'string', limit: 'money', share: 'number' } },
    {
      kind: 'FeatureView', name: 'by_card', entity: 'card', source: 'transactions',
      features: [{ name: 'uses', agg: 'count', windows: ['1h'] }, { name: 'spent', agg: 'sum', of: 'amount', windows: ['1h'] }, { name: 'usual', agg: 'avg', of: 'v', windows: ['1h'] }, { name: 'places', agg: 'distinct', of: 'country', windows: ['1h'] }, { name: 'last_country', agg: 'last', of: 'country' }],
    },
    ...lists.map(({ ttlMs, ...list }) => ({ kind: 'List', ...list, ...(ttlMs === undefined ? {} : { ttl: `${ttlMs}ms` }) })),
    ...rules.map(({ name, when, weight, outcome, mode, from, to, adds, alerts }) => ({
      kind: 'Rule', name, when: textOf(when), weight, outcome, mode, ...(from === undefined ? {} : { valid_from: from }), ...(to === undefined ? {} : { valid_to: to }),
      then: [...adds.map(({ list, value: added, ttlMs }) => ({ add_to_list: { list, value: textOf(added), ...(ttlMs === undefined ? {} : { ttl: `${ttlMs}ms` }) } })), ...(alerts ? [{ alert: 'high' }] : [])],
    })),
    ...policies.map(({ name, when, order, review, block, fallback, alertAbove }) => ({ kind: 'Policy', name, order, bands: { review, block }, fallback, alert_above: alertAbove, ...(when === undefined ? {} : { when: textOf(when) }) })),
  ];
}

const severity = ['approve', 'review', 'block'];
const speaking: ReadonlyArray<readonly [kind: string, asks: string]> = [
  ['hard_list', 'block'], ['allow_list', 'approve'], ['approve_rule', 'approve'], ['block_rule', 'block'], ['block_list', 'block'], ['score', ''], ['review_rule', 'review'], ['watch_list', 'review'],
];

/** The answer of the full scan, in the form of the cases. */
export function naiveAnswer({ rules, lists: definitions, policies, entries, events }: RandomCase): Readonly<Record<string, unknown>> {
  const lists = new Lists(definitions, entries), earlier: Event[] = [], decisions: unknown[] = [], duplicates: number[] = [];
  events.forEach((event, index) => {
    if (earlier.some(({ transaction_id }) => transaction_id === event.transaction_id)) { duplicates.push(index); return; }
    decisions.push(decided({ event, earlier, lists }, { rules, definitions, policies }));
    earlier.push(event);
  });
  return { decisions, duplicates };
}

function decided(at: At, { rules, definitions, policies }: { readonly rules: readonly RuleLike[]; readonly definitions: readonly ListLike[]; readonly policies: readonly PolicyLike[] }): unknown {
  const { event, lists } = at;
  const inForce = rules.filter(({ mode, from, to }) => mode !== 'off' && (from ?? -Infinity) <= event.event_time && event.event_time < (to ?? Infinity)).map((rule) => ({ rule, found: walk(rule.when, at) }));
  const live = inForce.filter(({ rule }) => rule.mode === 'live'), fired = live.filter(({ found }) => found === true).map(({ rule }) => rule);
  const held = definitions.filter(({ effect, of, name }) => effect !== 'none' && typeof event[of] === 'string' && lists.holds(name, String(event[of]), event.event_time) === true);
  const policy = chosen(policies, at);
  const evaluated = live.some(({ found }) => found !== undefined) || held.length > 0;
  const units = evaluated ? noisyOr(fired.map(({ weight }) => weight)) : 0n, score = Number(units) / 1e12;
  const band = units < decimal(policy.review) ? 'approve' : units > decimal(policy.block) ? 'block' : 'review';
  const asked = new Set([...fired.flatMap(({ outcome }) => (outcome === 'none' ? [] : [`${outcome}_rule`])), ...held.map(({ effect }) => `${effect}_list`), 'score']);
  const voices = speaking.filter(([kind]) => asked.has(kind)).map(([kind, asks]): readonly [string, string] => [kind, asks === '' ? band : asks]);
  const alone = voices.find(([kind]) => ['hard_list', 'allow_list', 'approve_rule'].includes(kind));
  const outcome = !evaluated ? policy.fallback : alone?.[1] ?? severity[Math.max(...voices.map(([, asks]) => severity.indexOf(asks)))];
  const additions = fired.flatMap((rule) => rule.adds.flatMap(({ list, value: tree, ttlMs }) => {
    const added = walk(tree, at), listTtlMs = definitions.find(({ name }) => name === list)?.ttlMs, forMs = ttlMs ?? listTtlMs;
    return added === undefined ? [] : [{ list, value: String(added), until: forMs === undefined ? null : event.event_time + forMs }];
  }));
  for (const { list, value: added, until } of additions) lists.add(list, added, event.event_time, until ?? Infinity);
  return {
    transaction_id: event.transaction_id, outcome, score, decided_by: evaluated ? voices.find(([, asks]) => asks === outcome)?.[0] : 'fallback', overruled: evaluated ? voices.filter(([, asks]) => asks !== outcome).map(([kind]) => kind) : [],
    rules: fired.map(({ name }) => name).sort(), unknown: live.filter(({ found }) => found === undefined).map(({ rule }) => rule.name).sort(), shadow: inForce.filter(({ rule, found }) => rule.mode === 'shadow' && found === true).map(({ rule }) => rule.name).sort(),
    lists: held.map(({ name }) => name).sort(), list_changes: sorted(additions), alert: units > decimal(policy.alertAbove) || fired.some(({ alerts }) => alerts), policy: policy.name,
  };
}

const defaults: PolicyLike = { name: 'default', when: undefined, order: 0, review: 0.3, block: 0.8, fallback: 'review', alertAbove: 0.8 };
function chosen(policies: readonly PolicyLike[], at: At): PolicyLike {
  const ordered = [...policies].sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  return ordered.find(({ when }) => when !== undefined && walk(when, at) === true) ?? ordered.find(({ when }) => when === undefined) ?? defaults;
}

/** In units of 1e-12; every weight here has at most three decimals. */
const decimal = (of: number): bigint => BigInt(Math.round(of * 1e3)) * 10n ** 9n;
function noisyOr(weights: readonly number[]): bigint {
  const rest = weights.reduce((product, weight) => product * (1_000n - BigInt(Math.round(weight * 1e3))), 1n), scale = 1_000n ** BigInt(weights.length);
  return (2n * (scale - rest) * 10n ** 12n + scale) / (2n * scale);
}

const sorted = (changes: readonly Document[]): string[] => changes.map(({ list, value: of, until }) => JSON.stringify([list, of, until])).sort();

/** The part of a case's answer that a full scan gives, in its order. */
export function comparable(answer: Readonly<Record<string, unknown>>): unknown {
  const decisions = Array.isArray(answer['decisions']) ? (answer['decisions'] as Document[]) : null;
  const names = (of: unknown): unknown => (Array.isArray(of) ? [...(of as string[])].sort() : of);
  return {
    duplicates: answer['duplicates'], error: answer['error'] ?? null,
    decisions: decisions?.map((each) => ({
      transaction_id: each['transaction_id'], outcome: each['outcome'], score: each['score'], decided_by: each['decided_by'], overruled: each['overruled'], rules: names(each['rules']), unknown: names(each['unknown']), shadow: names(each['shadow']), lists: names(each['lists']),
      list_changes: Array.isArray(each['list_changes']) && typeof each['list_changes'][0] !== 'string' ? sorted(each['list_changes'] as Document[]) : each['list_changes'], alert: each['alert'], policy: each['policy'],
    })),
  };
}
