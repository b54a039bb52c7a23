import { forSeeds, type SeededRandom } from '@weir/testkit';
import { randomEvents, randomPattern, randomSkip } from '../test/random-pattern';
import { jsonEventCodec } from './cases';
import { compilePattern, type CompiledPattern } from './compile';
import { compileJsonCondition, readJsonField, type JsonEvent } from './json-condition';
import { KeyState } from './key-state';
import { PatternMachine } from './machine';
import { defaultLimits, type PatternOutcome } from './outcome';
import { mapConditions } from './pattern';
import type { GroupMember, GroupOutcome } from './group-runners';
import { PatternGroup, type GroupOptions } from './pattern-group';

type Lane = readonly { readonly key: string; readonly event: JsonEvent; readonly watermarkMs: number }[];

const options = (more: Partial<GroupOptions<JsonEvent>> = {}): GroupOptions<JsonEvent> =>
  ({ timeOf: (event) => event.ts, readField: readJsonField, codec: jsonEventCodec, ordered: false, ...more });

function randomMembers(random: SeededRandom): GroupMember<JsonEvent>[] {
  return Array.from({ length: 5 }, (_, at) => {
    const pattern = randomPattern(random, { groups: true, greedy: true, until: true, iterative: true, negations: true, windows: random.chance(0.8) });
    const compiled = compilePattern(mapConditions(pattern, (condition) => compileJsonCondition(condition, readJsonField)), randomSkip(random, pattern.steps));
    return { id: `p${at}@1`, compiled, sinceOffset: 0, begins: true };
  });
}

function randomLane(random: SeededRandom, count: number): Lane {
  const disorderMs = random.pick([0, 3]);
  let watermarkMs = -Infinity;
  return randomEvents(random, count, { disorderMs }).map((event) => {
    watermarkMs = Math.max(watermarkMs, event.ts - random.pick([disorderMs, 4]));
    return { key: random.pick(['k1', 'k2', 'k3']), event, watermarkMs };
  });
}

function textOf(outcome: PatternOutcome<JsonEvent>): string {
  if (outcome.kind === 'limit') return `limit ${outcome.limit} ${outcome.dropped}`;
  return `${outcome.kind} ${JSON.stringify([...outcome.steps].map(([step, events]) => [step, events.map(({ id }) => id)]))}${outcome.kind === 'timeout' ? ` at ${outcome.atMs}` : ''}`;
}

/** Every pattern and key by itself, event by event. */
function runAlone(members: readonly GroupMember<JsonEvent>[], lane: Lane, timeouts: boolean): string[] {
  const told: string[] = [];
  const runs = members.map(({ id, compiled }) => ({ id, machine: new PatternMachine(compiled, { timeouts }), states: new Map<string, KeyState<JsonEvent>>() }));
  lane.forEach(({ key, event, watermarkMs }, offset) => {
    for (const { id, machine, states } of runs) {
      const out: PatternOutcome<JsonEvent>[] = [];
      for (const [other, state] of states) {
        machine.advance(state, watermarkMs, out);
        for (const outcome of out.splice(0)) told.push(`${offset} ${other} ${id} ${textOf(outcome)}`);
      }
      const state = states.get(key) ?? new KeyState<JsonEvent>();
      states.set(key, state);
      machine.step(state, event, event.ts, out);
      for (const outcome of out) told.push(`${offset} ${key} ${id} ${textOf(outcome)}`);
    }
  });
  return told.sort();
}

interface Played { readonly told: string[]; readonly bytes: string }

/** As a group; the state is written and read back after the offsets given. */
function runGroup(members: readonly GroupMember<JsonEvent>[], lane: Lane, how: { readonly restoreAt?: ReadonlySet<number>; readonly saveAt?: ReadonlySet<number>; readonly hotKeysMax?: number; readonly options?: Partial<GroupOptions<JsonEvent>> } = {}): Played {
  const told: string[] = [];
  const store = new Map<string, Uint8Array>();
  const open = (): PatternGroup<JsonEvent> => new PatternGroup(members, options({ ...how.options, ...(how.hotKeysMax === undefined ? {} : { hotKeysMax: how.hotKeysMax, stored: (key) => store.get(key) }) }));
  let group = open();
  const save = (): void => { for (const [key, value] of group.takeChanges()) if (value) store.set(key, value); else store.delete(key); };
  lane.forEach(({ key, event, watermarkMs }, offset) => {
    const out: GroupOutcome<JsonEvent>[] = [];
    group.advance(watermarkMs, out);
    group.accept(key, event, offset, watermarkMs, out);
    for (const { member, key: of, outcome } of out) told.push(`${offset} ${of} ${member.id} ${textOf(outcome)}`);
    if (how.restoreAt?.has(offset)) {
      save();
      group = open();
      for (const [of, value] of store) group.loadLater(of, value);
    } else if (how.saveAt?.has(offset)) save();
  });
  save();
  return { told, bytes: JSON.stringify([...store].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, Buffer.from(value).toString('hex')])) };
}

const hexOf = (changes: Iterable<readonly [string, Uint8Array | undefined]>): unknown => [...new Map([...changes].map(([key, value]) => [key, value === undefined ? null : Buffer.from(value).toString('hex')]))].sort();

describe('a group of patterns', () => {
  it('gives what each pattern gives by itself, although it defers most of them', () => {
    forSeeds(150, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 40);
      expect(runGroup(members, lane).told.sort()).toEqual(runAlone(members, lane, false));
      expect(runGroup(members, lane, { options: { timeouts: true } }).told.sort()).toEqual(runAlone(members, lane, true));
      expect(runGroup(members, lane, { options: { notedEventsMax: 3 } }).told.sort()).toEqual(runAlone(members, lane, false));
    });
  });

  it('gives the same outcomes and ends with the same bytes wherever it crashes and is restored', () => {
    forSeeds(100, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 40);
      const whole = runGroup(members, lane);
      const restoreAt = new Set(lane.map((_, offset) => offset).filter(() => random.chance(0.3)));
      expect(runGroup(members, lane, { restoreAt })).toEqual(whole);
    });
  });

  it('writes its state of the moment it was asked, however much it matches before that is read', () => {
    forSeeds(100, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 40), at = random.int(5, 35);
      const [eager, lazy] = [new PatternGroup(members, options()), new PatternGroup(members, options())];
      const play = (group: PatternGroup<JsonEvent>, from: number, until: number): void => lane.slice(from, until).forEach(({ key, event, watermarkMs }, index) => {
        group.advance(watermarkMs, []);
        group.accept(key, event, from + index, watermarkMs, []);
      });
      for (const group of [eager, lazy]) play(group, 0, at);
      const expected = hexOf(eager.takeChanges()), changes = lazy.takeChanges()[Symbol.iterator](), read = [];
      for (let from = at; from < lane.length; from++) {
        play(lazy, from, from + 1);
        const change = changes.next();
        if (change.done !== true) read.push(change.value);
      }
      for (let change = changes.next(); change.done !== true; change = changes.next()) read.push(change.value);
      expect(hexOf(read)).toEqual(expected);
      play(eager, at, lane.length);
      expect(hexOf(lazy.takeChanges())).toEqual(hexOf(eager.takeChanges()));
    });
  });

  it('gives the same with keys that rest in the store until they are needed, and holds no more than it may', () => {
    forSeeds(100, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 40);
      const given = { timeouts: random.chance(0.3), ordered: random.chance(0.3) };
      const sometimes = (): Set<number> => new Set(lane.map((_, offset) => offset).filter(() => random.chance(0.3)));
      expect(runGroup(members, lane, { options: given, restoreAt: sometimes(), saveAt: sometimes(), hotKeysMax: random.int(0, 2) })).toEqual(runGroup(members, lane, { options: given }));
    });
    const store = new Map<string, Uint8Array>();
    const group = new PatternGroup([{ id: 'p@1', compiled: sequence('a', 'b'), sinceOffset: 0, begins: true }], options({ hotKeysMax: 10, stored: (key) => store.get(key) }));
    for (let at = 0; at < 100; at++) group.accept(`k${at}`, { id: `a${at}`, ts: at, name: 'a' }, at, at, []);
    for (const [key, value] of group.takeChanges()) if (value) store.set(key, value);
    expect([group.keyCount, group.hotKeyCount]).toEqual([100, 7]);
    group.advance(1e9, []);
    for (const [key, value] of group.takeChanges()) { if (value) store.set(key, value); else store.delete(key); }
    expect([group.keyCount, store.size]).toEqual([0, 0]);
  });

  it('lets keys rest although what changed is read little by little while events go on', () => {
    forSeeds(60, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 60), store = new Map<string, Uint8Array>(), told: string[] = [];
      const group = new PatternGroup(members, options({ hotKeysMax: random.int(0, 1), stored: (key) => store.get(key) }));
      let reading = group.takeChanges()[Symbol.iterator]();
      const read = (): boolean => {
        const { done, value } = reading.next();
        if (done === true) return false;
        if (value[1]) store.set(value[0], value[1]); else store.delete(value[0]);
        return true;
      };
      lane.forEach(({ key, event, watermarkMs }, offset) => {
        const out: GroupOutcome<JsonEvent>[] = [];
        group.advance(watermarkMs, out, offset);
        group.accept(key, event, offset, watermarkMs, out);
        for (const { member, key: of, outcome } of out) told.push(`${offset} ${of} ${member.id} ${textOf(outcome)}`);
        if (random.chance(0.5)) read();
        if (random.chance(0.2)) { while (read()); reading = group.takeChanges()[Symbol.iterator](); }
      });
      while (read());
      for (reading = group.takeChanges()[Symbol.iterator](); read(););
      expect({ told, bytes: JSON.stringify([...store].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, Buffer.from(value).toString('hex')])) }).toEqual(runGroup(members, lane));
    });
  });

  it('hands keys that rest over to another set of patterns as those in use', () => {
    forSeeds(60, (random) => {
      const before = randomMembers(random), lane = randomLane(random, 40), changeAt = random.int(5, 35);
      const after = [...before.filter(() => random.chance(0.7)).map((member) => ({ ...member, begins: random.chance(0.7) })), ...randomMembers(random).map((member) => ({ ...member, id: `new ${member.id}`, sinceOffset: changeAt + 1 }))];
      const play = (hotKeysMax: number): Played => {
        const told: string[] = [], store = new Map<string, Uint8Array>();
        const open = (members: readonly GroupMember<JsonEvent>[]): PatternGroup<JsonEvent> => new PatternGroup(members, options({ hotKeysMax, stored: (key) => store.get(key) }));
        const save = (): void => { for (const [key, value] of group.takeChanges()) if (value) store.set(key, value); else store.delete(key); };
        let group = open(before);
        lane.forEach(({ key, event, watermarkMs }, offset) => {
          const out: GroupOutcome<JsonEvent>[] = [];
          group.advance(watermarkMs, out);
          group.accept(key, event, offset, watermarkMs, out);
          for (const { member, key: of, outcome } of out) told.push(`${offset} ${of} ${member.id} ${textOf(outcome)}`);
          if (offset === changeAt) { const next = open(after); group.handOver(next); group = next; }
          if (offset % 3 === 0) save();
        });
        save();
        return { told, bytes: JSON.stringify([...store].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, Buffer.from(value).toString('hex')])) };
      };
      expect(play(0)).toEqual(play(1_000));
    });
  });

  it('begins nothing for one key too many, and says so', () => {
    const group = new PatternGroup([{ id: 'p@1', compiled: sequence('a', 'b'), sinceOffset: 0, begins: true }], options({ keysMax: 2 }));
    const out: GroupOutcome<JsonEvent>[] = [];
    for (const key of ['k1', 'k2', 'k3', 'k1']) group.accept(key, { id: key, ts: 1, name: 'a' }, 0, 0, out);
    group.accept('k4', { id: 'k4', ts: 1, name: 'b' }, 0, 0, out);
    expect(out.map(({ member, key, outcome }) => `${member.id} ${key} ${textOf(outcome)}`)).toEqual(['p@1 k3 limit keysMax 1']);
    expect(group.keyCount).toBe(2);
  });

  it('matches late and early events in the order of time when it is ordered', () => {
    forSeeds(60, (random) => {
      const members = randomMembers(random);
      const lane = randomLane(random, 30);
      const restoreAt = new Set(lane.map((_, offset) => offset).filter(() => random.chance(0.3)));
      const endMs = 1_000;
      const closed = [...lane, { key: 'k1', event: { id: 'last', ts: endMs, name: 'z' }, watermarkMs: endMs }];
      const inTime = lane.map((row, at) => ({ ...row, at })).filter(({ event, watermarkMs }) => event.ts >= watermarkMs).sort((a, b) => a.event.ts - b.event.ts || a.at - b.at);
      const sortedLane = [...inTime.map((row) => ({ ...row, watermarkMs: row.event.ts })), { key: 'k1', event: { id: 'last', ts: endMs, name: 'z' }, watermarkMs: endMs }];
      const withoutOffset = (told: readonly string[]): string[] => told.map((text) => text.slice(text.indexOf(' ') + 1)).sort();
      const ordered = runGroup(members, closed, { options: { ordered: true } });
      expect(withoutOffset(ordered.told)).toEqual(withoutOffset(runAlone(members, sortedLane, false)));
      expect(runGroup(members, closed, { options: { ordered: true }, restoreAt })).toEqual(ordered);
    });
  });

  it('has no state left once every window is over', () => {
    forSeeds(20, (random) => {
      const members = randomMembers(random).filter(({ compiled }) => compiled.withinMs !== undefined);
      const group = new PatternGroup(members, options());
      randomLane(random, 30).forEach(({ key, event, watermarkMs }, offset) => group.accept(key, event, offset, watermarkMs, []));
      group.advance(Infinity, []);
      expect(group.keyCount).toBe(0);
    });
  });

  it('answers a simulation as it would the event, and changes nothing', () => {
    forSeeds(40, (random) => {
      const members = randomMembers(random), lane = randomLane(random, 30);
      const group = new PatternGroup(members, options());
      lane.forEach(({ key, event, watermarkMs }, offset) => {
        group.advance(watermarkMs, []);
        const before = group.pack(key);
        const told = group.simulate(key, event, offset, watermarkMs).map(({ member, outcome }) => `${member.id} ${textOf(outcome)}`);
        expect(group.pack(key)).toEqual(before);
        const out: GroupOutcome<JsonEvent>[] = [];
        group.accept(key, event, offset, watermarkMs, out);
        expect(told).toEqual(out.map(({ member, outcome }) => `${member.id} ${textOf(outcome)}`));
      });
    });
  });

  it('lets a replaced pattern finish what it has begun and begin nothing new', () => {
    const compiled = sequence('a', 'b');
    const old: GroupMember<JsonEvent> = { id: 'p@1', compiled, sinceOffset: 0, begins: true };
    const before = new PatternGroup([old], options());
    before.accept('k', { id: 'a1', ts: 1, name: 'a' }, 0, 0, []);
    const after = new PatternGroup([{ ...old, begins: false }, { ...old, id: 'p@2', sinceOffset: 1 }], options());
    before.handOver(after);
    const out: GroupOutcome<JsonEvent>[] = [];
    after.accept('k', { id: 'a2', ts: 2, name: 'a' }, 2, 0, out);
    after.accept('k', { id: 'b1', ts: 3, name: 'b' }, 3, 0, out);
    expect(out.map(({ member, outcome }) => `${member.id} ${textOf(outcome)}`)).toEqual(['p@1 match [["s1",["a1"]],["s2",["b1"]]]', 'p@2 match [["s1",["a2"]],["s2",["b1"]]]']);
  });
});

const sequence = (first: string, second: string): CompiledPattern<JsonEvent> =>
  compilePattern({
    steps: [
      { name: 's1', contiguity: 'start', where: compileJsonCondition({ field: 'name', op: 'eq', value: first }, readJsonField) },
      { name: 's2', contiguity: 'followedBy', where: compileJsonCondition({ field: 'name', op: 'eq', value: second }, readJsonField) },
    ],
    within: { ms: 100_000, type: 'first-last' },
  });

describe('limits', () => {
  const starts = (count: number): JsonEvent[] => Array.from({ length: count }, (_, at) => ({ id: `a${at}`, ts: at, name: 'a' }));

  it('give up the partial matches that began earliest, and say so', () => {
    const machine = new PatternMachine(sequence('a', 'b'), { limits: { ...defaultLimits, partialMatchesMax: 3 } });
    const state = new KeyState<JsonEvent>(), out: PatternOutcome<JsonEvent>[] = [];
    for (const event of [...starts(5), { id: 'b', ts: 9, name: 'b' }]) machine.step(state, event, event.ts, out);
    expect(out.map(textOf)).toEqual(['limit partialMatchesMax 1', 'limit partialMatchesMax 1', ...['a2', 'a3', 'a4'].map((id) => `match [["s1",["${id}"]],["s2",["b"]]]`)]);
  });

  it('bound what one event may add by branching, so that what doubles with every event costs no more than that', () => {
    const anyA = { name: 'any', contiguity: 'start', where: compileJsonCondition({ field: 'name', op: 'eq', value: 'a' }, readJsonField), quantifier: { min: 1, max: null, optional: false, greedy: false, inner: 'allowCombinations' } } as const;
    const end = { name: 'end', contiguity: 'followedBy', where: compileJsonCondition({ field: 'name', op: 'eq', value: 'b' }, readJsonField) } as const;
    const machine = new PatternMachine(compilePattern<JsonEvent>({ steps: [anyA, end], within: { ms: 1e9, type: 'first-last' } }), { limits: { ...defaultLimits, branchesPerEventMax: 64 } });
    const state = new KeyState<JsonEvent>(), out: PatternOutcome<JsonEvent>[] = [];
    let mostAlive = 0;
    for (const event of starts(100)) { machine.step(state, event, event.ts, out); mostAlive = Math.max(mostAlive, state.live); }
    expect(mostAlive).toBeLessThanOrEqual(4 * 64);
    expect(textOf(out[0] as PatternOutcome<JsonEvent>)).toMatch(/^limit branchesPerEventMax \d+$/);
    machine.step(state, { id: 'b', ts: 200, name: 'b' }, 200, out.splice(0, Infinity) && out);
    expect(out.map(textOf)).toContain('match [["any",["a98","a99"]],["end",["b"]]]');
  });

  it('bound the matches of one event', () => {
    const machine = new PatternMachine(sequence('a', 'b'), { limits: { ...defaultLimits, matchesPerEventMax: 2 } });
    const state = new KeyState<JsonEvent>(), out: PatternOutcome<JsonEvent>[] = [];
    for (const event of [...starts(5), { id: 'b', ts: 9, name: 'b' }]) machine.step(state, event, event.ts, out);
    expect(out.map(textOf).slice(2)).toEqual(['limit matchesPerEventMax 3']);
  });

  it('bound the events held', () => {
    const machine = new PatternMachine(sequence('a', 'b'), { limits: { ...defaultLimits, heldEventsMax: 4 } });
    const state = new KeyState<JsonEvent>(), out: PatternOutcome<JsonEvent>[] = [];
    for (const event of starts(10)) machine.step(state, event, event.ts, out);
    expect(state.live).toBe(4);
    expect(out.every((outcome) => outcome.kind === 'limit')).toBe(true);
  });
});

describe('a hot key', () => {
  it('with ten times the waiting partial matches evaluates ten times the conditions, not a hundred', () => {
    const evaluations = (count: number): number => {
      let asked = 0;
      const condition = (name: string): ReturnType<typeof compileJsonCondition<JsonEvent>> => ({ key: name, iterative: false, holds: (event) => { asked++; return event['name'] === name; } });
      const machine = new PatternMachine(compilePattern<JsonEvent>({ steps: [{ name: 's1', contiguity: 'start', where: condition('a') }, { name: 's2', contiguity: 'followedBy', where: condition('b') }], within: { ms: 1e9, type: 'first-last' } }));
      const state = new KeyState<JsonEvent>();
      for (let at = 0; at < count; at++) machine.step(state, { id: `a${at}`, ts: at, name: 'a' }, at, []);
      expect(state.live).toBe(count);
      return asked;
    };
    expect(evaluations(10_000)).toBeLessThan(11 * evaluations(1_000));
  });
});
