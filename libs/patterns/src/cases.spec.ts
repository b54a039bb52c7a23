import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forSeeds } from '@weir/testkit';
import { matchText, naiveAnswer } from '../test/naive-matcher';
import { randomEvents, randomPattern, randomSkip, type RandomPatternOptions } from '../test/random-pattern';
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

type Steps = PatternCase['pattern']['steps'];

/** What the naive matcher leaves to the reference's own answers, for its rules are odd there (docs/differences.md): negations and greedy groups before what is optional, negations after loops and groups. */
const isOdd = (steps: Steps): boolean => steps.some((step, at) => {
  const [before, after] = [steps[at - 1], steps[at + 1]?.quantifier], negated = isNegated(step.contiguity), endsGreedy = step.group?.steps.at(-1)?.quantifier?.greedy;
  const hasOptionalRounds = after !== undefined && after.max !== null && after.max > after.min;
  return (negated && (after?.optional || hasOptionalRounds || before?.quantifier !== undefined || before?.group !== undefined)) || (endsGreedy && (after?.optional || step.quantifier !== undefined)) || isOdd(step.group?.steps ?? []);
});

/** Windows between two events, groups within groups and groups of optional steps alone are left to them too. */
const isBeyondNaive = ({ steps }: PatternCase['pattern']): boolean => isOdd(steps) || steps.some((step) => step.within !== undefined || step.quantifier?.windowMs !== undefined || step.group?.steps.some((inner) =>
  inner.group !== undefined || inner.within !== undefined || inner.quantifier?.windowMs !== undefined || isNegated(inner.contiguity)) || step.group?.steps[0]?.quantifier?.optional);

const told = ({ matches, timeouts }: Pick<PatternCaseAnswer, 'matches' | 'timeouts'>): { matches: string[]; timeouts: string[] } => ({ matches: unique(matches.map(matchText)).sort(), timeouts: moments(timeouts) });

describe('a search through all choices of events', () => {
  const options: RandomPatternOptions = { groups: true, greedy: true, until: true, iterative: true, negations: true };

  it('finds what the reference engine found', () => {
    const asked = [...casesOf('cases.jsonl'), ...casesOf('generated.jsonl')].filter((each) => !each.stream && !each.expectError && !(each.skip && 'throwOnMiss' in each.skip && each.skip.throwOnMiss) && each.events.length <= 11 && !isBeyondNaive(each.pattern));
    expect(asked.length).toBeGreaterThan(150);
    const reference = ({ expected, timeouts }: Output): { matches: string[]; timeouts: string[] } => ({ matches: unique(sorted(expected)), timeouts: moments(timeouts) });
    const differing = asked.filter((each) => JSON.stringify(naiveAnswer(each.pattern, each.events, each.skip)) !== JSON.stringify({ ...reference(each), flush: reference(each.flush ?? {}) }));
    expect([asked.length, ...differing.map(({ name }) => name)]).toEqual([asked.length]);
  });

  it('finds what the engine finds: groups, loops, greedy, until, negations, windows and every way of skipping', () => {
    let asked = 0, given = 0, timedOut = 0;
    forSeeds(1_200, (random) => {
      const pattern = randomPattern(random, options), skip = randomSkip(random, pattern.steps), events = randomEvents(random, random.int(5, 10));
      if (isOdd(pattern.steps)) return;
      const answer = answerPatternCase({ name: 'random', pattern, skip, events });
      const shown = JSON.stringify({ pattern, skip, events: events.map(({ ts, name, price }) => [ts, name, price]) });
      const { flush, ...found } = naiveAnswer(pattern, events, skip);
      expect([shown, answer.error, told(answer), told(answer.flush)]).toEqual([shown, null, found, flush]);
      asked++;
      given += found.matches.length + flush.matches.length;
      timedOut += found.timeouts.length + flush.timeouts.length;
    });
    if (asked > 1) expect([asked > 700, given > 300, timedOut > 200]).toEqual([true, true, true]); // one seed alone proves nothing
  });
});
