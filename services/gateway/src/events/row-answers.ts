import type { Decisions } from '../dependencies/decisions';
import type { RowAnswer } from '../dependencies/edge';
import { decisionJson } from '../decisions/decision-json';
import { decisionRecord, isDecision } from '../decisions/decision-record';
import { Problem, problems } from '../http/problem';

export interface RowText {
  readonly status: number;
  readonly json: string;
  readonly headers: Readonly<Record<string, string>>;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const duplicateHeaders: Readonly<Record<string, string>> = Object.freeze({ 'weir-duplicate': 'true' });

/** What a row's caller is told. @throws Problem for whatever is no decision and none to come. */
export function rowText(answer: RowAnswer): RowText {
  switch (answer.kind) {
    case 'decided':
      return { status: 200, json: decisionJson(answer.decision), headers: answer.duplicate ? duplicateHeaders : noHeaders };
    case 'pending': {
      const location = `/decisions/${encodeURIComponent(answer.id)}`;
      return { status: 202, json: JSON.stringify({ status: 'pending', id: answer.id, transaction_id: answer.transactionId, location }), headers: { location } };
    }
    case 'accepted':
      return { status: 202, json: JSON.stringify({ status: 'accepted', id: answer.id, transaction_id: answer.transactionId }), headers: answer.duplicate ? duplicateHeaders : noHeaders };
    case 'quarantined':
      throw quarantineProblem(answer);
    case 'conflict':
      throw problems.conflict(`the Idempotency-Key ${answer.idempotencyKey} was used with another body within 24 h`);
    case 'overloaded':
      throw problems.overloaded('the suite is behind; nothing was stored', answer.retryAfterMs);
  }
}

function quarantineProblem(answer: Extract<RowAnswer, { kind: 'quarantined' }>): Problem {
  return new Problem(422, 'WEIR_QUARANTINED', `quarantined: ${answer.reason}${answer.field === null ? '' : `, ${answer.field}`}`, {
    errors: [{ field: answer.field ?? '', expected: answer.expected ?? expectationByReason[answer.reason], got: answer.got ?? answer.reason }],
    more: { reason: answer.reason, ...(answer.quarantineId === null ? {} : { quarantine_id: answer.quarantineId }), transaction_id: answer.transactionId },
  });
}

const expectationByReason = { invalid: 'an event that its source declares', future: 'an event time no further ahead than max_future', late: 'an event time within allowed_lateness' } as const;

/** One line of a batch: what `rowText` gives, or the problem as an object; a duplicate says so in the line. */
export function batchRowJson(answer: RowAnswer): string {
  if (answer.kind === 'decided' && !answer.duplicate) return decisionJson(answer.decision);
  try {
    const { json } = rowText(answer);
    return 'duplicate' in answer && answer.duplicate ? `${json.slice(0, -1)},"duplicate":true}` : json;
  } catch (error) {
    if (error instanceof Problem) return JSON.stringify(error.body());
    throw error;
  }
}

/** As `batchRowJson`, of a decision only what it came to: for callers that send much and read little (`Prefer: return=minimal`). */
export function minimalRowJson(answer: RowAnswer): string {
  if (answer.kind !== 'decided') return batchRowJson(answer);
  const { id, transaction_id, outcome, score } = isDecision(answer.decision) ? answer.decision.verdict : answer.decision;
  return `{"id":"${id}","transaction_id":${JSON.stringify(transaction_id)},"outcome":"${outcome}","score":${score}${answer.duplicate ? ',"duplicate":true' : ''}}`;
}

/** The answer with the model's base, margin and contributions in it, where a model answered. */
export async function explained(answer: RowAnswer, decisions: Decisions): Promise<RowAnswer> {
  if (answer.kind !== 'decided') return answer;
  const record = decisionRecord(answer.decision);
  const explanation = record.model === null ? undefined : await decisions.explain(answer.decision);
  if (explanation === undefined || record.model === null) return answer;
  return { ...answer, decision: { ...record, model: { ...record.model, ...explanation, contributions: { ...explanation.contributions } } } };
}
