import type { ControlItem, PatternMatch } from '@weir/contracts';
import { addedFigures, MatchTally } from './match-tally';

const dayMs = 86_400_000;
const match = (of: Partial<PatternMatch>): PatternMatch => ({ pattern: 'p', version: 1, mode: 'live', kind: 'match', key: 'c1', events: { a: ['t1'], b: ['t2'] }, firstTimeMs: 0, lastTimeMs: 0, byEvent: true, ...of });
const given = (...matches: PatternMatch[]): ControlItem[] => [{ kind: 'tick', lane: 0, offset: 1, receivedAtMs: 0, time: { clockMs: 0, watermarkMsBySource: new Map() }, matches }];

describe('matches over a stretch of history', () => {
  it('are counted by the day of their last event, with examples; other outcomes apart', () => {
    const tally = new MatchTally({ fromMs: 0, toMs: 3 * dayMs, examples: 1 });
    tally.add(given(match({}), match({ key: 'c2', lastTimeMs: dayMs }), match({ lastTimeMs: 2 * dayMs - 1 }), match({ lastTimeMs: 3 * dayMs }), match({ lastTimeMs: -1 })));
    tally.add(given(match({ kind: 'timeout' }), match({ kind: 'limit' }), match({ kind: 'late' }), match({ pattern: 'q', byEvent: false })));
    expect([...tally.figures()]).toEqual([
      ['p', { matches: 3, timeouts: 1, limits: 1, late: 1, keys: 2, by_day: { '1970-01-01': 1, '1970-01-02': 2 }, examples: [{ kind: 'match', key: 'c1', first: '1970-01-01T00:00:00.000Z', last: '1970-01-01T00:00:00.000Z', events: { a: ['t1'], b: ['t2'] }, by_event: true }] }],
      ['q', expect.objectContaining({ matches: 1, examples: [expect.objectContaining({ by_event: false })] })],
    ]);
    const twice = addedFigures([tally.figures(), tally.figures()], 1).get('p');
    expect(twice).toMatchObject({ matches: 6, limits: 2, by_day: { '1970-01-01': 2, '1970-01-02': 4 } });
    expect(twice?.examples).toHaveLength(1);
  });
});
