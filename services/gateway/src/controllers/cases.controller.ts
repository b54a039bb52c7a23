import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ReviewCase } from '../dependencies/cases';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { caseSchema, casesPage, casesQuery, caseWithComments, claimBody, commentBody, resolveBody } from '../schemas/cases.schema';
import { idParams } from '../schemas/decision.schema';
import { toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Cases';
const claimMsDefault = 30 * 60_000;

export const listCases = endpoint({
  method: 'GET', path: '/cases', tag, role: 'read', summary: 'The review queue', description: 'A case opens for each decision that is in review or has an alert.', query: casesQuery,
  responses: { 200: json('A page.', casesPage), ...problemResponses(422) },
});
export const oneCase = endpoint({ method: 'GET', path: '/cases/:id', tag, role: 'read', summary: 'A case with its comments', params: idParams, responses: { 200: json('The case.', caseWithComments), ...problemResponses(404) } });
export const claimCase = endpoint({
  method: 'POST', path: '/cases/:id/claim', tag, role: 'edit', summary: 'Take a case', description: 'For a time: meanwhile nobody else can claim or resolve it. 409 while someone else has it.', params: idParams, body: { schema: claimBody, optional: true },
  responses: { 200: json('The case.', caseSchema), ...problemResponses(400, 404, 409, 415, 422) },
});
export const commentOnCase = endpoint({
  method: 'POST', path: '/cases/:id/comment', tag, role: 'edit', summary: 'Say something about a case', params: idParams, body: { schema: commentBody },
  responses: { 200: json('The case with its comments.', caseWithComments), ...problemResponses(400, 404, 415, 422) },
});
export const resolveCase = endpoint({
  method: 'POST', path: '/cases/:id/resolve', tag, role: 'edit', summary: 'Close a case', description: 'Writes the label, closes its alerts, and adds the list entry where one is asked for: all of it or nothing. 409 when it is resolved already, or someone else has it.', params: idParams, body: { schema: resolveBody },
  responses: { 200: json('The case.', caseSchema), ...problemResponses(400, 404, 409, 415, 422) },
});

@Controller(['', 'v1'])
export class CasesController {
  constructor(private readonly gateway: GatewayContext) {}
  private get cases() { return this.gateway.deps.cases; }

  @Answers(listCases)
  async all(@Req() request: FastifyRequest): Promise<unknown> {
    const { status, claimed_by, overdue, sort, limit, cursor } = listCases.query(request);
    const claimedBy = claimed_by === 'me' ? principalOf(request).name : claimed_by;
    const { items, next } = await this.cases.list({ status, claimedBy, overdue: overdue === true, order: sort }, { limit, cursor });
    return { cases: items.map(caseRecord), next };
  }

  @Answers(oneCase)
  one(@Req() request: FastifyRequest): Promise<unknown> {
    return this.whole(oneCase.params(request).id);
  }

  @Answers(claimCase)
  async claim(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = claimCase.params(request);
    const { for: holdsMs = claimMsDefault } = request.body === undefined ? {} : claimCase.body(request);
    const by = principalOf(request).name;
    const claimed = await this.cases.claim(id, by, holdsMs);
    await this.gateway.audit(by, 'case.claim', id, { until: toIsoOrNull(claimed.claimedUntilMs) });
    return caseRecord(claimed);
  }

  @Answers(commentOnCase)
  async comment(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = commentOnCase.params(request);
    const by = principalOf(request).name;
    await this.cases.comment(id, by, commentOnCase.body(request).text);
    await this.gateway.audit(by, 'case.comment', id);
    return this.whole(id);
  }

  /** The audit is written with the resolution, all or nothing. */
  @Answers(resolveCase)
  async resolve(@Req() request: FastifyRequest): Promise<unknown> {
    const { resolution, comment, list } = resolveCase.body(request);
    return caseRecord(await this.cases.resolve(resolveCase.params(request).id, {
      by: principalOf(request).name, resolution, comment, list: list === undefined ? undefined : { name: list.name, value: list.value, ttlMs: list.ttl },
    }));
  }

  private async whole(id: string): Promise<unknown> {
    const found = await this.cases.byId(id);
    if (found === undefined) throw problems.notFound('no case has this id');
    return { ...caseRecord(found), comments: found.comments.map(({ atMs, by, text }) => ({ at: toIso(atMs), by, text })) };
  }
}

function caseRecord(of: ReviewCase): Record<string, unknown> {
  return {
    id: of.id, decision_id: of.decisionId, transaction_id: of.transactionId, outcome: of.outcome, score: of.score, amount: of.amount, priority: of.priority, created_at: toIso(of.createdAtMs), due_at: toIsoOrNull(of.dueAtMs), overdue: of.overdue,
    status: of.status, claimed_by: of.claimedBy, claimed_until: toIsoOrNull(of.claimedUntilMs), resolution: of.resolution, resolved_by: of.resolvedBy, resolved_at: toIsoOrNull(of.resolvedAtMs),
  };
}
