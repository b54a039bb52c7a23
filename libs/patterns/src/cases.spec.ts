import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forSeeds } from '@weir/testkit';
import { matchText, naiveMatches } from '../test/naive-matcher';
import { randomEvents, randomPattern } from '../test/random-pattern';
import { isNegated } from './pattern';
import { answerPatternCase, type PatternCase, type PatternCaseAnswer } from './cases';

type Output = { expected?: PatternCaseAnswer['matches']; timeouts?: PatternCaseAnswer['timeouts'] };
type Case = PatternCase & Output & { flush?: Output; late?: string[]; expectError?: { phase: string }; quirk?: string[] };

const casesOf = (file: string): Case[] => readFileSync(join(__dirname, '../test/conformance', file), 'utf8').trim().split('\n').map((line): Case => JSON.parse(line));
const sorted = (matches: readonly PatternCaseAnswer['matches'][number][] | undefined): string[] => (matches ?? []).map(matchText).sort();
const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
const moments = (timeouts: PatternCaseAnswer['timeouts'] | undefined): string[] => unique((timeouts ?? []).map(({ match, at }) => `${matchText(match)} at ${at}`)).sort();

/** A match that the reference gives several times may be given once. */
function differences(asked: Case, answer: PatternCaseAnswer): string[] {
  if (asked.expectError) return answer.error?.phase === asked.expectError.phase ? [] : [`refused at ${answer.error?.phase ?? 'no phase'}`];
  if (answer.error) return [answer.error.message];
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const matched = (want: Output | undefined, got: PatternCaseAnswer['matches']): boolean => same(sorted(want?.expected), sorted(got)) || same(unique(sorted(want?.expected)), sorted(got));
  return [
    ...(matched(asked, answer.matches) ? [] : ['matches']),
    ...(same(moments(asked.timeouts), moments(answer.timeouts)) ? [] : ['timeouts']),
    ...(matched(asked.flush, answer.flush.matches) ? [] : ['flush']),
    ...(same(moments(asked.flush?.timeouts), moments(answer.flush.timeouts)) ? [] : ['flush timeouts']),
    ...(same(asked.late ?? [], answer.late) ? [] : ['late']),
  ];
}

describe('pattern cases of the reference engine', () => {
  it.each(casesOf('cases.jsonl').map((asked) => [asked.name, asked] as const))('%s', (_name, asked) => {
    expect(differences(asked, answerPatternCase(asked))).toEqual([]);
  });

  it('are answered as it answers them where they were made at random', () => {
    const generated = casesOf('generated.jsonl');
    expect(generated.length).toBe(300);
    expect(generated.flatMap((asked) => { const found = differences(asked, answerPatternCase(asked)); return found.length === 0 ? [] : [[asked.name, ...found]]; })).toEqual([]);
  });

  it('differ only in the ways that are documented', () => {
    const quirks = casesOf('quirks.jsonl');
    const differing = quirks.filter((asked) => differences(asked, answerPatternCase(asked)).length > 0);
    const documented = new Set(['tie-order', 'loop-window', 'nullable-group']);
    expect(differing.filter(({ quirk }) => !quirk?.some((kind) => documented.has(kind))).map(({ name }) => name)).toEqual([]);
    expect(quirks.length - differing.length).toBeGreaterThanOrEqual(60);
  });

  it('have the same answer wherever the state is written and read back', () => {
    for (const asked of casesOf('cases.jsonl')) {
      if (asked.stream || asked.expectError) continue;
      const everywhere = asked.events.map((_, at) => at + 1);
      expect(answerPatternCase({ ...asked, restoreAfter: everywhere })).toEqual(answerPatternCase({ ...asked, restoreAfter: [] }));
    }
  });
});

const negatesWhatItTakes = ({ steps }: PatternCase['pattern']): boolean =>
  steps.some((negated) => isNegated(negated.contiguity) && steps.some((step) => step !== negated && JSON.stringify(step.where) === JSON.stringify(negated.where)));

/** There the reference has its own ways, which docs/differences.md names and the cases hold. */
const negatesBeforeOptional = ({ steps }: PatternCase['pattern']): boolean => steps.some((step, at) => isNegated(step.contiguity) && steps[at + 1]?.quantifier?.optional);

describe('a pattern without skipping', () => {
  it('matches what a search through all choices of events finds', () => {
    forSeeds(600, (random) => {
      const pattern = randomPattern(random, { disjoint: true, negations: true });
      if (negatesWhatItTakes(pattern) || negatesBeforeOptional(pattern)) return;
      const events = randomEvents(random, 12);
      const answer = answerPatternCase({ name: 'random', pattern, events });
      expect(answer.error).toBeNull();
      const given = [...answer.matches, ...answer.flush.matches].map(matchText);
      const shown = JSON.stringify({ pattern, events: events.map(({ ts, name }) => [ts, name]) });
      expect([shown, ...unique(given).sort()]).toEqual([shown, ...naiveMatches(pattern, events)]);
    });
  });
});
