import { decidedByOrder, type DecidedBy, type Outcome } from '@weir/contracts';
import { ask, bandOf, overruledBy, precedenceOf, worse } from './precedence';

const bitOf: Partial<Record<DecidedBy, number>> = {
  hard_list: ask.hardList, allow_list: ask.allowList, approve_rule: ask.approveRule, block_rule: ask.blockRule, block_list: ask.blockList, score: ask.score, review_rule: ask.reviewRule, watch_list: ask.watchList,
};
const asksOf = (kinds: readonly DecidedBy[]): number => kinds.reduce((asks, kind) => asks | (bitOf[kind] ?? 0), 0);
const outcomes: readonly Outcome[] = ['approve', 'review', 'block'];

describe('precedence', () => {
  it.each([
    [['score'], 'approve', 'approve', 'score', []],
    [['hard_list', 'allow_list', 'approve_rule', 'score'], 'approve', 'block', 'hard_list', ['allow_list', 'approve_rule', 'score']],
    [['allow_list', 'approve_rule', 'block_rule', 'score'], 'block', 'approve', 'allow_list', ['block_rule', 'score']],
    [['approve_rule', 'block_rule', 'block_list', 'score', 'review_rule'], 'review', 'approve', 'approve_rule', ['block_rule', 'block_list', 'score', 'review_rule']],
    [['approve_rule', 'score', 'watch_list'], 'review', 'approve', 'approve_rule', ['score', 'watch_list']],
    [['block_rule', 'block_list', 'score', 'review_rule'], 'review', 'block', 'block_rule', ['score', 'review_rule']],
    [['block_list', 'score', 'watch_list'], 'approve', 'block', 'block_list', ['score', 'watch_list']],
    [['score', 'review_rule'], 'block', 'block', 'score', ['review_rule']],
    [['score', 'review_rule', 'watch_list'], 'review', 'review', 'score', []],
    [['score', 'review_rule', 'watch_list'], 'approve', 'review', 'review_rule', ['score']],
    [['score', 'watch_list'], 'approve', 'review', 'watch_list', ['score']],
  ] as const)('of %j with the score in %s: %s by %s, overruling %j', (kinds, band, outcome, decidedBy, overruled) => {
    expect(precedenceOf(asksOf(kinds), band)).toEqual({ outcome, decidedBy, overruled });
  });

  it('is, for every set of kinds and every band, what the words say', () => {
    for (const band of outcomes) {
      for (let asks = ask.score; asks < 256; asks++) {
        if (!(asks & ask.score)) continue;
        const speaking = decidedByOrder.filter((kind) => ((bitOf[kind] ?? 0) & asks) !== 0);
        const wanted = (kind: DecidedBy): Outcome => (kind === 'score' ? band : kind === 'hard_list' || kind.startsWith('block') ? 'block' : kind === 'allow_list' || kind === 'approve_rule' ? 'approve' : 'review');
        const alone = speaking.find((kind) => ['hard_list', 'allow_list', 'approve_rule'].includes(kind));
        const outcome = alone ? wanted(alone) : speaking.map(wanted).reduce(worse);
        const decidedBy = alone ?? speaking.find((kind) => wanted(kind) === outcome);
        expect(precedenceOf(asks, band)).toEqual({ outcome, decidedBy, overruled: speaking.filter((kind) => wanted(kind) !== outcome) });
        expect(overruledBy('review', asks, band)).toEqual(speaking.filter((kind) => wanted(kind) !== 'review'));
      }
    }
  });

  it.each([[0.29, 'approve'], [0.3, 'review'], [0.8, 'review'], [0.800_000_000_001, 'block'], [0, 'approve'], [1, 'block']] as const)('a score of %d is in the band %s', (score, band) => {
    expect(bandOf(score, { review: 0.3, block: 0.8 })).toBe(band);
  });
});
