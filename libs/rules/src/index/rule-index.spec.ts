import { forSeeds, type SeededRandom } from '@weir/testkit';
import { frameOf, programOf, rule, type Fields } from '../../test/rule-set';
import { RuleIndex } from './rule-index';

const numbers = ['-1.5', '0', '1', '2.5', '3', '7', '100', '101', '1000'];
const texts = ['"NO"', '"SE"', '"IT"', '""'];
const listOf = (random: SeededRandom, from: readonly string[]): string => `[${Array.from({ length: random.int(1, 3) }, () => random.pick(from)).join(', ')}]`;

function leaf(random: SeededRandom): string {
  const number = random.pick(['tx.amount', 'tx.v', 'tx.n', 'features.tx_count_1h', 'score', 'tx.x0']), text = random.pick(['tx.country', 'tx.city']);
  switch (random.int(0, 9)) {
    case 0: case 1: case 2: return `${number} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${random.pick(numbers)}`;
    case 3: return `${random.pick(numbers)} ${random.pick(['<', '<=', '>', '>='])} ${number}`;
    case 4: return `${text} ${random.pick(['==', '!='])} ${random.pick(texts)}`;
    case 5: return `${text} in ${listOf(random, texts)}`;
    case 6: return `tx.n in ${listOf(random, ['1', '2', '3', '7'])}`;
    case 7: return random.pick(['tx.ok', '!tx.ok', 'tx.ok == false', 'true', 'false']);
    case 8: return random.pick([`${number} == null`, `has(tx.v)`, `${text} != null`, 'tx.event_time.getHours() >= 12']);
    default: return random.pick(['tx.v * tx.x0 > 7.0', 'tx.amount > tx.n', 'tx.city.startsWith("N")', 'tx.n / tx.n == 1']);
  }
}

function condition(random: SeededRandom, depth: number): string {
  if (depth === 0 || random.chance(0.3)) return leaf(random);
  if (random.chance(0.15)) return `!(${condition(random, depth - 1)})`;
  if (random.chance(0.05)) return `(${leaf(random)} ? ${leaf(random)} : ${leaf(random)})`;
  const operator = random.chance(0.65) ? ' && ' : ' || ';
  return `(${Array.from({ length: random.int(2, 3) }, () => condition(random, depth - 1)).join(operator)})`;
}

function fields(random: SeededRandom): Fields {
  const maybe = <T>(value: T): T | null => (random.chance(0.25) ? null : value);
  return {
    amount: maybe(random.pick([0, 1, 99, 100, 101, 1000, 5000])), v: maybe(random.pick([-1.5, 0, 0.5, 2.5, 3, 7, 101])), n: maybe(random.int(0, 8)), x0: maybe(random.pick([-2, 0, 1, 7])),
    ok: maybe(random.chance(0.5)), country: maybe(random.pick(['NO', 'SE', 'IT', 'XX', ''])), city: maybe(random.pick(['NO', 'New York', 'SE'])),
  };
}

describe('RuleIndex', () => {
  it('gives exactly what evaluating every condition gives: true, unknown and false, whatever is missing', () => {
    forSeeds(15, (random) => {
      const conditions = Array.from({ length: random.pick([1, 31, 32, 33, 120, 300]) }, () => condition(random, random.int(0, 3)));
      const program = programOf(...conditions.map((when, i) => rule(`r${String(i).padStart(4, '0')}`, when)));
      // From a table that keeps every row to one that keeps hardly any.
      const index = new RuleIndex(program.liveRules.map(({ condition: compiled }) => compiled), random.pick([100_000, 200, 20, 1]));
      for (let event = 0; event < 25; event++) {
        const frame = frameOf(program, fields(random), { tx_count_1h: random.chance(0.3) ? null : random.int(0, 8) });
        frame.score = random.chance(0.2) ? undefined : random.float() * 3;
        const scanned = program.liveRules.map(({ condition: compiled }) => compiled.evaluate(frame));
        index.evaluate(frame);
        expect([...index.trues.subarray(0, index.trueCount)]).toEqual(scanned.flatMap((value, i) => (value === true ? [i] : [])));
        expect([...index.unknowns.subarray(0, index.unknownCount)]).toEqual(scanned.flatMap((value, i) => (value === undefined ? [i] : [])));
      }
    });
  });

  it('stays exact where a field has so many limits that only some rows of its table are kept', () => {
    forSeeds(2, (random) => {
      const program = programOf(...Array.from({ length: 400 }, (_, i) => rule(`r${String(i).padStart(4, '0')}`, random.chance(0.5) ? `tx.v > ${i}.5 && tx.v <= ${i + random.int(1, 100)}` : `tx.city == "m${i}" || tx.v == ${i}`)));
      const index = new RuleIndex(program.liveRules.map(({ condition: compiled }) => compiled), 500);
      for (let event = 0; event < 60; event++) {
        const frame = frameOf(program, { v: random.chance(0.1) ? null : random.pick([random.int(-5, 520), random.int(0, 400) + 0.5]), city: random.chance(0.2) ? null : `m${random.int(0, 420)}` });
        const scanned = program.liveRules.map(({ condition: compiled }) => compiled.evaluate(frame));
        index.evaluate(frame);
        expect([...index.trues.subarray(0, index.trueCount)]).toEqual(scanned.flatMap((value, i) => (value === true ? [i] : [])));
        expect([...index.unknowns.subarray(0, index.unknownCount)]).toEqual(scanned.flatMap((value, i) => (value === undefined ? [i] : [])));
      }
    });
  });

  it('evaluates no closure for conditions that are comparisons with constants', () => {
    const program = programOf(rule('a', 'tx.amount > 100 && tx.country in ["NO", "SE"] || !(tx.n < 3)'), rule('b', 'has(tx.v) && tx.ok'), rule('c', 'tx.v * 2.0 > 1.0'));
    program.liveIndex.evaluate(frameOf(program, { amount: 200, country: 'NO', v: 1 }));
    expect(program.liveIndex.evaluatedCount).toBe(1);
    expect(program.liveIndex.trueCount).toBe(2);
    expect(program.liveIndex.unknownCount).toBe(1);
  });
});
