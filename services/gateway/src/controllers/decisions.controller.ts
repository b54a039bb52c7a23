import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { decisionRecord } from '../decisions/decision-record';
import { parseEvent, submittedRow } from '../events/event-text';
import { explained, rowText } from '../events/row-answers';
import { nearMissesRecord } from '../decisions/near-misses';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf, textBody } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { queryFlag } from '../schemas/shared.schema';
import { decisionSchema, decisionsPage, idParams, pendingSchema, searchQuery, submitQuery, transactionBody, whyNotQuery, whyNotSchema } from '../schemas/decision.schema';

const tag = 'Decisions';

export const simulateDecision = endpoint({
  method: 'POST', path: '/decisions/simulate', tag, role: 'decide', summary: 'What would be decided now', description: 'The body of `POST /transactions`; nothing is stored.',
  query: submitQuery.pick({ source: true, explain: true }), body: { schema: transactionBody },
  responses: { 200: json('The decision.', decisionSchema), ...problemResponses(400, 413, 415, 422) },
});
export const getDecision = endpoint({
  method: 'GET', path: '/decisions/:id', tag, role: 'read', alsoFor: ['decide', 'replay'], summary: 'A decision, with what its model saw', params: idParams,
  query: z.strictObject({ explain: queryFlag.optional().meta({ description: 'Adds `near_misses`: how far the bands are, what little else would have changed it, and the rules that nearly fired.' }) }),
  responses: { 200: json('The decision.', decisionSchema), 202: json('Being decided.', pendingSchema), ...problemResponses(404, 422) },
});
export const whyNot = endpoint({
  method: 'GET', path: '/decisions/:id/why-not', tag, role: 'read', summary: 'Why a rule or a pattern did not speak', params: idParams, query: whyNotQuery,
  responses: { 200: json('Each comparison and what it saw.', whyNotSchema), ...problemResponses(404, 422) },
});
export const searchDecisions = endpoint({
  method: 'GET', path: '/decisions', tag, role: 'read', summary: 'Search, newest first', query: searchQuery,
  responses: { 200: json('A page.', decisionsPage), ...problemResponses(422) },
});

@Controller(['', 'v1'])
export class DecisionsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(simulateDecision)
  async simulate(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source, explain } = simulateDecision.query(request);
    const text = textBody(request);
    const row = submittedRow(text, parseEvent(text), { principal: principalOf(request), idempotencyKey: undefined });
    const answer = await this.gateway.deps.edge.simulate(row, { source });
    this.send(reply, rowText(explain === true ? await explained(answer, this.gateway.deps.decisions) : answer));
  }

  @Answers(getDecision)
  async byId(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = getDecision.params(request);
    const answer = await this.gateway.deps.decisions.byId(id);
    if (answer === undefined) throw problems.notFound('no decision has this id');
    const whole = await explained(answer, this.gateway.deps.decisions);
    const near = getDecision.query(request).explain === true && whole.kind === 'decided' ? await this.gateway.deps.decisions.nearMisses(id) : undefined;
    this.send(reply, rowText(near === undefined || whole.kind !== 'decided' ? whole : { ...whole, decision: { ...decisionRecord(whole.decision), near_misses: nearMissesRecord(near) } }));
  }

  @Answers(whyNot)
  async whyNot(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = whyNot.params(request);
    const { rule, pattern } = whyNot.query(request);
    const of = rule === undefined ? { kind: 'pattern' as const, name: pattern ?? '' } : { kind: 'rule' as const, name: rule };
    const why = await this.gateway.deps.decisions.whyNot(id, of);
    if (why === undefined) throw problems.notFound('no decision has this id');
    return { decision_id: id, ...of, fired: why.fired, explanation: why.explanation, parts: why.parts };
  }

  @Answers(searchDecisions)
  async search(@Req() request: FastifyRequest): Promise<unknown> {
    const { entity, outcome, rule, pattern, alert, from, to, limit, cursor } = searchDecisions.query(request);
    const found = await this.gateway.deps.decisions.search(
      { entity: entity === undefined ? undefined : splitEntity(entity), outcome, rule, pattern, alert, fromMs: from, toMs: to },
      { limit, cursor },
    );
    return { decisions: found.items.map(decisionRecord), next: found.next };
  }

  private send(reply: FastifyReply, { status, json, headers }: ReturnType<typeof rowText>): void {
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(json);
  }
}

function splitEntity(text: string): { type: string; key: string } {
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon), key: text.slice(colon + 1) };
}
