import { ModelRuntime, type LoadedModel } from '@weir/ports';
import { forSeedsAsync } from '@weir/testkit';
import { decisionAnswerer } from '../src/offline/answer-cases';
import { comparable, naiveAnswer, randomCase } from './naive-decisions';

class NoModels extends ModelRuntime {
  override load(): Promise<LoadedModel> { return Promise.reject(new Error('these sets have no models')); }
}

/** Seeds of a usual run; `WEIR_SEEDS` runs more, `WEIR_SEED` one alone. */
const seeds = Number(process.env['WEIR_SEEDS'] ?? 100);

describe('random sets of rules, lists, policies, tables and features over random events', () => {
  it('are decided as a full scan decides them: outcomes, scores, what was unknown, what was listed', async () => {
    const answer = decisionAnswerer('none', new NoModels());
    const seen = { decisions: 0, unknown: 0, fired: 0, listed: 0 };
    await forSeedsAsync(seeds, async (random) => {
      const given = randomCase(random);
      const found = comparable(await answer(given.line)), expected = comparable(naiveAnswer(given));
      expect(found).toEqual(expected);
      for (const { rules, unknown, list_changes } of (expected as { decisions: { rules: string[]; unknown: string[]; list_changes: string[] }[] }).decisions) {
        seen.decisions += 1;
        seen.fired += rules.length;
        seen.unknown += unknown.length;
        seen.listed += list_changes.length;
      }
    });
    if (process.env['WEIR_SEED'] === undefined) expect(Math.min(...Object.values(seen))).toBeGreaterThan(200);
  });
});
