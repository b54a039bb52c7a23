import type { List } from '@weir/definitions';
import { forSeeds } from '@weir/testkit';
import { canonicalNetwork, parseAddress } from './address';
import { ListStore } from './list-store';

const definition = (name: string, match: List['match']): List => ({ kind: 'List', name, version: 1, owner: null, description: null, tags: [], of: 'card_id', effect: 'block', match, ttlMs: null });
function storeOf(match: List['match']): ListStore {
  const store = new ListStore();
  store.configure(new Map([['l', definition('l', match)]]));
  return store;
}
const put = (store: ListStore, value: string, fromMs = -Infinity, untilMs = Infinity): void => store.put('l', value, { fromMs, untilMs, by: 'x', reason: '' });
const stateOf = (bytes: ReadonlyMap<string, Uint8Array>) => ({ scan: (prefix: string) => [...bytes].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)) });
function save(store: ListStore, into: Map<string, Uint8Array>): void {
  for (const [key, value] of store.takeChanges()) if (value) into.set(key, value); else into.delete(key);
}

describe('a list', () => {
  it.each([
    ['exact', 'Abc', 'Abc', true], ['exact', 'Abc', 'abc', false], ['exact', 'a ', 'a', false],
    ['email', ' Bob@Mail.Test ', 'bob@mail.test', true], ['email', 'bob@mail.test', '\tBOB@MAIL.TEST', true], ['email', 'bob@mail.test', 'bo@mail.test', false],
    ['cidr', '10.1.0.0/16', '10.1.255.255', true], ['cidr', '10.1.0.0/16', '10.2.0.0', false], ['cidr', '10.1.7.7/16', '10.1.0.1', true], ['cidr', '192.168.7.7', '192.168.7.7', true], ['cidr', '0.0.0.0/0', '255.1.2.3', true],
    ['cidr', '2001:db8::/32', '2001:0DB8:ffff::1', true], ['cidr', '2001:db8::/32', '2001:db9::1', false], ['cidr', '::1', '0:0:0:0:0:0:0:1', true], ['cidr', '10.0.0.0/8', '::ffff:10.9.8.7', true], ['cidr', '::ffff:10.0.0.0/104', '10.9.8.7', true],
    ['cidr', '10.0.0.0/8', 'not-an-ip', undefined], ['cidr', '10.0.0.0/8', '', undefined], ['cidr', '10.0.0.0/8', '10.1', undefined], ['cidr', '10.0.0.0/8', '010.0.0.1', undefined], ['cidr', '10.0.0.0/8', '10.0.0.256', undefined],
    ['cidr', 'nonsense', '10.0.0.1', false], ['cidr', '10.0.0.0/33', '10.0.0.1', false],
  ] as const)('matching %s with the entry %j, asked for %j, says %s', (match, entry, value, expected) => {
    const store = storeOf(match);
    put(store, entry);
    expect(store.holds('l', value, 0)).toBe(expected);
    store.remove('l', entry);
    expect(store.holds('l', value, 0)).toBe(expected === undefined ? undefined : false);
  });

  it('holds from `from` on, and at `until` no more; a missing value is unknown', () => {
    const store = storeOf('exact');
    put(store, 'c1', 1_000, 2_000);
    expect([999, 1_000, 1_999, 2_000].map((atMs) => store.holds('l', 'c1', atMs))).toEqual([false, true, true, false]);
    expect(store.holds('l', undefined, 1_000)).toBeUndefined();
    expect(store.holds('other', 'c1', 1_000)).toBe(false);
  });

  it('keeps stretches of one value apart, joins those that touch, and never shortens', () => {
    const store = storeOf('exact');
    put(store, 'c1', 0, 10);
    put(store, 'c1', 20, 30);
    put(store, 'c1', 22, 25);
    expect(store.entries('l').map(({ fromMs, untilMs }) => [fromMs, untilMs])).toEqual([[0, 10], [20, 30]]);
    put(store, 'c1', 10, 20);
    expect(store.entries('l').map(({ fromMs, untilMs }) => [fromMs, untilMs])).toEqual([[0, 30]]);
    put(store, 'c1', 40, 40);
    expect(store.entries('l')).toHaveLength(1);
  });

  it('answers like a plain scan over all entries, after any way of writing it down and reading it back', () => {
    forSeeds(25, (random) => {
      const match = random.pick(['exact', 'email', 'cidr'] as const);
      const values = { exact: ['a', 'b', 'A'], email: ['a@x', ' A@x', 'b@x'], cidr: ['10.0.0.0/24', '10.0.0.0/30', '10.0.0.1', '::1', 'bad'] }[match];
      const asked = { exact: ['a', 'b', 'A', 'c'], email: ['a@x', 'b@x', 'c@x'], cidr: ['10.0.0.1', '10.0.0.9', '10.0.1.0', '::1', 'bad'] }[match];
      const bytes = new Map<string, Uint8Array>();
      let store = storeOf(match), all: { value: string; fromMs: number; untilMs: number }[] = [], horizonMs = -Infinity;
      const spelled = (value: string): string => (match === 'email' ? value.trim().toLowerCase() : value);
      for (let step = 0; step < 60; step++) {
        const value = random.pick(values);
        if (random.chance(0.75)) {
          const fromMs = random.chance(0.1) ? -Infinity : random.int(0, 50), untilMs = random.chance(0.1) ? Infinity : random.int(0, 60);
          put(store, value, fromMs, untilMs);
          all.push({ value, fromMs, untilMs });
        } else {
          store.remove('l', value);
          all = all.filter((entry) => spelled(entry.value) !== spelled(value));
        }
        if (random.chance(0.1)) store.expire((horizonMs = Math.max(horizonMs, random.int(0, 20))));
        if (random.chance(0.15)) {
          save(store, bytes);
          store = storeOf(match);
          store.restore(stateOf(bytes));
        }
        const atMs = random.int(Math.max(0, horizonMs), 60), value2 = random.pick(asked);
        const holds = (entry: { value: string; fromMs: number; untilMs: number }): boolean => entry.fromMs <= atMs && atMs < entry.untilMs && matches(match, entry.value, value2);
        expect(store.holds('l', value2, atMs)).toBe(match === 'cidr' && value2 === 'bad' ? undefined : all.some(holds));
      }
    });
  });

  it('has the same state however its changes were collected, and forgets what no event can see any more', () => {
    const [once, often] = [storeOf('exact'), storeOf('exact')];
    const [a, b] = [new Map<string, Uint8Array>(), new Map<string, Uint8Array>()];
    for (let i = 0; i < 50; i++) {
      for (const store of [once, often]) {
        put(store, `c${i % 7}`, i * 10, i * 10 + 15);
        store.expire(i * 10 - 30);
      }
      save(often, b);
    }
    save(once, a);
    expect(b).toEqual(a);
    expect(b.size).toBeLessThan(7);
  });

  it('spells its values anew when the way it matches changes', () => {
    const store = storeOf('exact');
    put(store, ' Bob@x ');
    expect(store.holds('l', 'bob@x', 0)).toBe(false);
    store.configure(new Map([['l', definition('l', 'email')]]));
    expect(store.holds('l', 'BOB@x', 0)).toBe(true);
    expect([...store.takeChanges()].map(([key, value]) => [key, value === undefined])).toEqual([['sc/list/l/ Bob@x ', true], ['sc/list/l/bob@x', false]]);
  });

  it('keeps values of any length and kind apart in its state', () => {
    const store = storeOf('exact'), bytes = new Map<string, Uint8Array>();
    const odd = ['x'.repeat(5_000), `${'x'.repeat(4_999)}y`, '\ud800', '\ud801', '', '__proto__', 'a/b'];
    for (const value of odd) put(store, value);
    save(store, bytes);
    expect(bytes.size).toBe(odd.length);
    expect(Math.max(...[...bytes.keys()].map((key) => key.length))).toBeLessThan(500);
    const restored = storeOf('exact');
    restored.restore(stateOf(bytes));
    expect(odd.map((value) => restored.holds('l', value, 0))).toEqual(odd.map(() => true));
  });
});

function matches(match: List['match'], entry: string, value: string): boolean {
  if (match === 'exact') return entry === value;
  if (match === 'email') return entry.trim().toLowerCase() === value.trim().toLowerCase();
  const network = { '10.0.0.0/24': /^10\.0\.0\.\d+$/, '10.0.0.0/30': /^10\.0\.0\.[0-3]$/, '10.0.0.1': /^10\.0\.0\.1$/, '::1': /^::1$/ }[entry];
  return network?.test(value) ?? false;
}

describe('an address', () => {
  it.each([['10.0.0.5/24', '10.0.0.0/24'], ['10.0.0.5/32', '10.0.0.5'], ['2001:DB8:0:0::5/32', '2001:db8::/32'], ['::ffff:1.2.3.4', '1.2.3.4'], ['x', undefined], ['1.2.3.4/', undefined], ['1.2.3.4/-1', undefined]])('%s is written %s', (text, expected) => {
    expect(canonicalNetwork(text)).toBe(expected);
  });
  it.each(['1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.4 ', '0x1.2.3.4', '1', ':', 'g::1', '1.2.3.-4', '1..2.3'])('%j is none', (text) => { expect(parseAddress(text)).toBeUndefined(); });
});
