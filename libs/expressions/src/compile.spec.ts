import { WeirError } from '@weir/contracts';
import type { CelType, CelValue, Environment } from './api';
import { compile, compileCondition } from './compile';
import { celBool, celDouble, celDyn, celInt, celList, celMap, celString, celTimestamp } from './types';

type Frame = Readonly<Record<string, CelValue>>;
const fields: Readonly<Record<string, CelType>> = {
  'tx.amount': celInt, 'tx.count': celInt, 'tx.ratio': celDouble, 'tx.country': celString, 'tx.home': celString, 'tx.ok': celBool, 'tx.bad': celBool, 'tx.at': celTimestamp, 'tx.before': celTimestamp,
  'features.last': celList(celDyn), 'features.counts': celMap(celInt), 'features.velocity.count': celInt, score: celDouble,
};
const environment: Environment<Frame> = {
  resolve: (path) => {
    const name = path.join('.'), type = fields[name];
    return type === undefined ? `one of ${Object.keys(fields).join(', ')}` : { type, read: (frame) => frame[name] };
  },
  membership: (path) => (path.join('.') === 'lists.blocked' ? { test: (_, value) => value === 'bad' } : undefined),
  functions: new Map([['ratio', { type: (types) => (types.length === 2 ? celDouble : 'ratio(a, b)'), call: (_, [a, b]) => (typeof a === 'number' && typeof b === 'number' ? a / b : undefined) }]]),
};
const evaluate = (source: string, frame: Frame = {}): CelValue => compile(source, environment).evaluate(frame);

describe('three-valued logic', () => {
  const written = { true: 'tx.ok', false: 'tx.bad', unknown: '(tx.amount > 0)' };
  const frame: Frame = { 'tx.ok': true, 'tx.bad': false };
  it.each([
    ['true', 'true', true, true], ['true', 'false', false, true], ['true', 'unknown', undefined, true],
    ['false', 'false', false, false], ['false', 'unknown', false, undefined], ['unknown', 'unknown', undefined, undefined],
  ] as const)('%s with %s: && gives %s, || gives %s, in either order', (a, b, both, either) => {
    const [left, right] = [written[a], written[b]];
    expect([evaluate(`${left} && ${right}`, frame), evaluate(`${right} && ${left}`, frame)]).toEqual([both, both]);
    expect([evaluate(`${left} || ${right}`, frame), evaluate(`${right} || ${left}`, frame)]).toEqual([either, either]);
    expect([evaluate(`${left} && tx.ok && ${right}`, frame), evaluate(`${left} || tx.bad || ${right}`, frame)]).toEqual([both, either]);
  });
  it.each([['!tx.ok', false], ['!tx.bad', true], ['!(tx.amount > 0)', undefined], ['!!(tx.amount > 0)', undefined]])('%s is %s', (source, expected) => {
    expect(evaluate(source, frame)).toBe(expected);
  });
});

describe('values', () => {
  const frame: Frame = { 'tx.amount': 7, 'tx.count': 2, 'tx.ratio': 0.5, 'tx.country': 'DE', 'tx.home': 'DE', 'tx.ok': true, 'features.last': ['a', null, 3], 'features.counts': { DE: 4 } };
  it.each<[string, CelValue]>([
    ['tx.amount / tx.count', 3], ['-tx.amount / tx.count', -3], ['tx.amount / 2.0', 3.5], ['tx.amount % 4', 3], ['-tx.amount % 4', -3], ['tx.amount / 0', undefined], ['1.0 / 0.0', undefined], ['tx.amount % 0', undefined],
    ['9007199254740991 + 1', undefined], ['tx.amount + tx.ratio', 7.5], ['tx.amount == 7.0', true], ['1 == 1.0', true], ['2 > 1.5', true], ['7 - 2 * 3', 1], ['(7 - 2) * 3', 15], ['1 + 2 == 3 && 2 < 3', true], ['"a" + "b"', 'ab'],
    ['tx.country == tx.home', true], ['tx.country != "FR"', true], ['tx.country in ["FR", "DE"]', true], ['tx.amount in [1, 2, 3, 4, 5, 7.0]', true], ['tx.count in [1]', false], ['tx.before in [timestamp("2024-01-01T00:00:00Z")]', undefined],
    ['tx.before == null', true], ['tx.country == null', false], ['has(tx.before)', false], ['tx.country != null', true], ['features.last[0] == "a"', true], ['features.last[0] == 1', false], ['features.last[1] == "a"', undefined], ['features.last[1] == null', true],
    ['features.last[9] == 1', undefined], ['features.last[-1] == 1', undefined], ['features.last[2] + 1', 4], ['"a" in features.last', true], ['"z" in features.last', undefined], ['features.counts["DE"]', 4], ['features.counts.DE', 4], ['has(features.counts.FR)', false], ['"DE" in features.counts', true],
    ['features.last.exists(x, x == 3)', true], ['features.last.exists(x, x == 4)', undefined], ['[1, 2].all(x, x > 0)', true], ['[1, 2].all(x, x > tx.count)', false], ['[1, 2, 3].exists_one(x, x == tx.count)', true], ['[1, 2].exists(x, [2, 3].exists(y, x == y))', true],
    ['tx.ok ? 1 : 2', 1], ['tx.before > tx.at ? 1 : 2', undefined], ['!tx.ok ? 1 : null', undefined], ['ratio(tx.amount, 0)', undefined], ['ratio(tx.amount, 2)', 3.5], ['"bad" in lists.blocked', true], ['tx.country in lists.blocked', false], ['string(tx.before) in lists.blocked', undefined],
    ['size(tx.country)', 2], ['"😀a".size()', 2], ['tx.country.startsWith("D")', true], ['"abc".contains("b")', true], ['tx.country.lowerAscii()', 'de'], ['" x ".trim()', 'x'], ['"a1".matches("^[a-z]\\\\d$")', true], ['tx.country.matches("[A-C]")', false],
    ['int(3.9)', 3], ['int("12")', 12], ['double("1.5")', 1.5], ['string(3)', '3'], ['bool("true")', true], ['int("x")', undefined], ['abs(-3)', 3], ['math.greatest(1, 2.5)', 2.5], ['math.round(-2.5)', -3],
    ['true || false && false', true], ['(true || false) && false', false], ['!false && false', false], ['!(false && false)', true], ['-2 - -3', 1], ['2 - 3 - 4', -5], ['2 * 3 / 4 % 5', 1], ['1 < 2 == true', true], ['false ? 1 : true ? 2 : 3', 2], ['1 + 2 in [3]', true],
    ['has(score)', false], ['has(features.last[0])', true], ['null == null', true], ['tx.ok ? tx.amount : tx.ratio', 7],
    ['tx.at.getHours()', undefined], ['{"DE": 1}[tx.country]', 1], ['1.0', 1], ['"\\uFFFD" < "😀"', true],
  ])('%s is %s', (source, expected) => {
    expect(evaluate(source, frame)).toBe(expected);
  });
});

describe('times', () => {
  const at = Date.UTC(2024, 2, 31, 0, 59, 30, 250);
  it.each<[string, CelValue]>([
    ['tx.at.getHours()', 0], ['tx.at.getMinutes()', 59], ['tx.at.getSeconds()', 30], ['tx.at.getMilliseconds()', 250], ['tx.at.getDayOfWeek()', 0], ['tx.at.getDate()', 31], ['tx.at.getDayOfMonth()', 30], ['tx.at.getMonth()', 2], ['tx.at.getFullYear()', 2024], ['tx.at.getDayOfYear()', 90],
    ['tx.at.getHours("Europe/Berlin")', 1], ['(tx.at + duration("30s")).getHours("Europe/Berlin")', 3], ['tx.at.getHours("+05:30")', 6], ['tx.at.getDate("-01:00")', 30], ['tx.at.getHours("America/New_York")', 20],
    ['tx.at - timestamp("2024-03-31T00:00:00Z") > duration("59m")', true], ['duration("1h30m").getMinutes()', 90], ['duration("-1.5s").getSeconds()', -1], ['timestamp("2024-03-31T02:00:00+01:00") == timestamp("2024-03-31T01:00:00Z")', true], ['string(timestamp("2024-03-31T01:00:00.250Z"))', '2024-03-31T01:00:00.250Z'], ['string(duration("1.5s"))', '1.5s'], ['int(timestamp("1970-01-01T00:01:00Z"))', 60],
    ['timestamp("2011-04-03T15:10:00Z").getMinutes("Australia/Lord_Howe")', 40], ['timestamp("2011-04-02T15:10:00Z").getMinutes("Australia/Lord_Howe")', 40], ['timestamp("2011-04-02T14:10:00Z").getMinutes("Australia/Lord_Howe")', 10],
  ])('%s is %s', (source, expected) => {
    expect(evaluate(source, { 'tx.at': at })).toBe(expected);
  });
});

describe('refusals', () => {
  it.each([
    ['tx.amont > 1', '1:1', 'tx.amont'], ['tx.amount > "1"', '1:11', '>'], ['tx.ok &&\n  tx.amount', '2:3', 'tx.amount'], ['tx.amount > > 3', '1:13', '>'], ['tx.amount = 3', '1:11', '='], ['tx.ok and tx.bad', '1:7', 'and'], ['(tx.ok', '1:1', '('], ['tx.ok)', '1:6', ')'], ['tx.ok &&', '1:9', '&&'], ['', '1:1', 'expression'],
    ['frobnicate(1)', '1:1', 'frobnicate'], ['tx.country.getHours()', '1:12', 'getHours'], ['[1].map(x, x)', '1:5', 'map'], ['null', '1:1', 'null'], ['1u', '1:1', '1u'], ['b"a"', '1:1', 'b""'], ['9007199254740992', '1:1', '9007199254740992'], ['tx.country.matches("(?=a)")', '1:20', '"(?=a)"'], ['"abc', '1:1', '"abc'],
    ['tx.at.getHours("Mars/Base")', '1:16', '"Mars/Base"'], ['tx.amount % 2.0', '1:11', '%'], ['tx.country in [1]', '1:12', 'in'], ['tx.country in ["a", 1]', '1:12', 'in'], ['tx.country in [tx.home, 1]', '1:12', 'in'], ['tx.country.matches(tx.home)', '1:20', 'tx.home'], ['{tx.home: 1}', '1:2', 'tx.home'], ['ratio(1)', '1:1', 'ratio'], ['size(1)', '1:1', 'size'], ['lists.none == 1', '1:1', 'lists.none'], ['tx.ok ? 1 : "a"', '1:1', '?:'], ['tx.country + 1', '1:12', '+'],
  ])('%j is refused at %s for %s', (source, where, field) => {
    const refused = (): unknown => { try { return compile(source, environment); } catch (error) { return error; } };
    const error = refused();
    expect(error).toBeInstanceOf(WeirError);
    expect(error instanceof WeirError ? error.findings.map((finding) => [finding.where, finding.field]) : error).toEqual([[where, field]]);
  });
  it('a condition must be bool', () => { expect(() => compileCondition('tx.amount + 1', environment)).toThrow('expected a condition (bool), got int'); });
});
it('reads are sorted and unique', () => { expect(compile('tx.ok && tx.amount > 1 && tx.amount < features.velocity.count && tx.country in lists.blocked', environment).reads).toEqual(['features.velocity.count', 'lists.blocked', 'tx.amount', 'tx.country', 'tx.ok']); });
