import type { CelType, CelValue, Environment } from './api';
import { compileCondition } from './compile';
import { decisiveLeaves, explain, leafText } from './explain';
import { celBool, celDouble, celInt, celString, celTimestamp } from './types';

type Frame = Readonly<Record<string, CelValue>>;
const types: Readonly<Record<string, CelType>> = { 'tx.amount': celInt, 'tx.limit': celInt, 'tx.ratio': celDouble, 'tx.country': celString, 'tx.at': celTimestamp, 'matches.burst': celBool };
const environment: Environment<Frame> = {
  resolve: (path) => { const name = path.join('.'), type = types[name]; return type === undefined ? 'a field' : { type, read: (frame) => frame[name] }; },
  membership: (path) => (path[0] === 'lists' ? { test: (_, value) => value === 'XX' } : undefined),
};
const ask = (source: string, frame: Frame) => explain(compileCondition(source, environment).tree, frame);
const words = (source: string, frame: Frame): readonly string[] => decisiveLeaves(ask(source, frame)).map(leafText);

describe('explain', () => {
  it('shows both sides, the truth and the distance to the threshold of what failed', () => {
    const { truth, parts } = ask('tx.amount > 1000 && tx.country == "DE"', { 'tx.amount': 400, 'tx.country': 'DE' });
    expect(truth).toBe('false');
    expect(parts.map(({ truth: part, distance, sides }) => [part, distance, sides.map(({ value }) => value)])).toEqual([['false', 600, [400, 1000]], ['true', null, ['DE', 'DE']]]);
  });
  it('beneath ! the distance is that of what holds and should not', () => {
    const { parts } = ask('!(tx.amount > 1000)', { 'tx.amount': 1500 });
    expect(parts[0]).toMatchObject({ truth: 'true', wanted: false, distance: 500 });
  });
  it('names what was missing', () => {
    expect(ask('tx.amount + tx.limit > 3', { 'tx.amount': 1 })).toMatchObject({ truth: 'unknown', missing: ['tx.limit'], distance: null });
  });
});

it.each<[string, Frame, readonly string[]]>([
  ['tx.amount > 1000 && tx.country == "DE"', { 'tx.amount': 400, 'tx.country': 'DE' }, ['tx.amount is 400, not > 1000 (600 away)']],
  ['tx.amount > 1000 || tx.country == "DE"', { 'tx.amount': 400, 'tx.country': 'DE' }, ['tx.country is "DE", == "DE"']],
  ['tx.amount > tx.limit', { 'tx.amount': 5, 'tx.limit': 3 }, ['tx.amount is 5, > tx.limit (3)']],
  ['tx.amount > 1 && tx.country == "DE"', { 'tx.country': 'DE' }, ['tx.amount is missing']],
  ['tx.country == null', {}, ['tx.country is missing']],
  ['has(tx.country)', { 'tx.country': 'DE' }, ['tx.country is there']],
  ['tx.country in lists.bad', { 'tx.country': 'DE' }, ['tx.country is "DE", not in lists.bad']],
  ['tx.country in ["A", "B"]', { 'tx.country': 'B' }, ['tx.country is "B", in ["A", "B"]']],
  ['matches.burst', { 'matches.burst': true }, ['matches.burst is true']],
  ['tx.country.startsWith("D")', { 'tx.country': 'FR' }, ['tx.country.startsWith("D") is false']],
  ['tx.ratio >= 0.3', { 'tx.ratio': 0.1 }, ['tx.ratio is 0.1, not >= 0.3 (0.2 away)']],
  ['tx.at < timestamp("2024-01-01T00:00:00Z")', { 'tx.at': Date.UTC(2024, 0, 1, 0, 0, 5) }, ['tx.at is 2024-01-01T00:00:05Z, not < 2024-01-01T00:00:00Z (5s away)']],
  ['tx.amount > 10 ? tx.country == "DE" : tx.country == "FR"', { 'tx.amount': 5, 'tx.country': 'DE' }, ['tx.amount is 5, not > 10', 'tx.country is "DE", not == "FR"']],
])('%s in plain words', (source, frame, expected) => {
  expect(words(source, frame)).toEqual(expected);
});
