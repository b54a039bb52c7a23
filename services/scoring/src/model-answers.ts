import type { DefinitionSet, Model } from '@weir/definitions';
import { shareOf, type ModelAnswer } from '@weir/rules';
import type { BatchAnswer } from './model-host';

const byName = (a: Model, b: Model): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
const noOthers: Readonly<Record<string, number | null>> = Object.freeze({});
const noModel: readonly Model[] = Object.freeze([]);
const nothingWrong: readonly string[] = Object.freeze([]);

/** Who answers for a transaction: the champion, or for its share a challenger. */
export class ModelRoles {
  readonly all: readonly Model[];
  private readonly champion: Model | undefined;
  private readonly challengers: readonly Model[];

  constructor(set: DefinitionSet) {
    this.all = [...set.models.values()].sort(byName);
    this.champion = this.all.find(({ role }) => role === 'champion');
    this.challengers = this.all.filter(({ role, share }) => role === 'challenger' && share > 0);
  }

  /** A challenger's share is a stretch of the hash of the transaction's id; stretches lie side by side in the order of names. */
  answering(transactionId: string): Model | undefined {
    if (this.challengers.length === 0 || this.champion === undefined) return this.champion;
    let rest = shareOf(transactionId, 'challenger');
    for (const challenger of this.challengers) {
      if (rest < challenger.share) return challenger;
      rest -= challenger.share;
    }
    return this.champion;
  }
}

export interface RowAnswer { readonly model: ModelAnswer | null; readonly otherModels: Readonly<Record<string, number | null>>; readonly degradedWhy: readonly string[] }
export const noModels: RowAnswer = Object.freeze({ model: null, otherModels: noOthers, degradedWhy: nothingWrong });

/** The answers for one row of a batch. NaN is no answer and no failure; a model that failed degrades the decisions it should have answered for. */
export function rowAnswer(roles: ModelRoles, answers: ReadonlyMap<string, BatchAnswer>, row: { readonly index: number; readonly transactionId: string }): RowAnswer {
  const answering = roles.answering(row.transactionId);
  const answer = answering && answers.get(answering.name);
  const others = roles.all.length === 1 && answering !== undefined ? noModel : roles.all.filter((model) => model !== answering);
  return {
    model: answering ? { name: answering.name, version: answering.version, p: pOf(answer, row.index) } : null,
    otherModels: others.length === 0 ? noOthers : Object.fromEntries(others.map(({ name }) => [name, pOf(answers.get(name), row.index)])),
    degradedWhy: answer?.kind === 'failed' ? [answer.why] : nothingWrong,
  };
}

/** Of a transaction for which no model was asked. */
export function unasked(roles: ModelRoles, transactionId: string): RowAnswer { return rowAnswer(roles, noAnswers, { index: 0, transactionId }); }
const noAnswers: ReadonlyMap<string, BatchAnswer> = new Map();

function pOf(answer: BatchAnswer | undefined, index: number): number | null {
  const p = answer?.kind === 'scored' ? answer.p[index] ?? Number.NaN : Number.NaN;
  return Number.isNaN(p) ? null : p;
}
