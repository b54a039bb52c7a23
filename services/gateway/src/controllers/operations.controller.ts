import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Quarantined } from '../dependencies/operations';
import { parseEvent, submittedRow } from '../events/event-text';
import { rowText } from '../events/row-answers';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf, textBody } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { decisionSchema, idParams, pendingSchema } from '../schemas/decision.schema';
import { auditPage, auditQuery, labelsAnswer, labelsBody, quarantinedSchema, quarantinePage, quarantineQuery, resendBody } from '../schemas/operations.schema';
import { toIso, toIsoOrNull } from '../schemas/shared.schema';

export const postLabels = endpoint({
  method: 'POST', path: '/labels', tag: 'Labels', role: 'edit', largeBody: true, summary: 'What turned out to be fraud', description: 'Late labels are expected; the newest of a transaction counts. `at` defaults to now, `by` to the name of the key.',
  body: { schema: labelsBody }, responses: { 200: json('How many.', labelsAnswer), ...problemResponses(400, 413, 415, 422) },
});
export const listQuarantine = endpoint({
  method: 'GET', path: '/quarantine', tag: 'Quarantine', role: 'read', summary: 'What was refused, and why; newest first', query: quarantineQuery, responses: { 200: json('A page.', quarantinePage), ...problemResponses(422) },
});
export const oneQuarantined = endpoint({ method: 'GET', path: '/quarantine/:id', tag: 'Quarantine', role: 'read', summary: 'One refused event', params: idParams, responses: { 200: json('The event.', quarantinedSchema), ...problemResponses(404) } });
export const resend = endpoint({
  method: 'POST', path: '/quarantine/:id/resend', tag: 'Quarantine', role: 'edit', summary: 'Send it again', description: 'With a body: the corrected event. Answers as `POST /transactions` does.',
  params: idParams, body: { schema: resendBody, optional: true }, responses: { 200: json('The decision.', decisionSchema), 202: json('Not decided yet.', pendingSchema), ...problemResponses(400, 404, 415, 422) },
});
export const listAudit = endpoint({ method: 'GET', path: '/audit', tag: 'Audit', role: 'admin', summary: 'Who changed what; newest first', query: auditQuery, responses: { 200: json('A page.', auditPage), ...problemResponses(422) } });

@Controller(['', 'v1'])
export class OperationsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(postLabels)
  async labels(@Req() request: FastifyRequest): Promise<unknown> {
    const { labels } = postLabels.body(request);
    const by = principalOf(request).name;
    const nowMs = this.gateway.deps.clock.nowMs();
    await this.gateway.deps.labels.append(labels.map((label) => ({ transactionId: label.transaction_id, fraud: label.fraud, by: label.by ?? by, atMs: label.at ?? nowMs, source: label.source ?? 'api' })));
    await this.gateway.audit(by, 'labels.append', 'labels', { labels: labels.length });
    return { accepted: labels.length };
  }

  @Answers(listQuarantine)
  async quarantine(@Req() request: FastifyRequest): Promise<unknown> {
    const { reason, from, to, limit, cursor } = listQuarantine.query(request);
    const { items, next } = await this.gateway.deps.quarantine.list({ reason, fromMs: from, toMs: to }, { limit, cursor });
    return { quarantine: items.map(quarantinedRecord), next };
  }

  @Answers(oneQuarantined)
  async quarantined(@Req() request: FastifyRequest): Promise<unknown> {
    const found = await this.gateway.deps.quarantine.byId(oneQuarantined.params(request).id);
    if (found === undefined) throw problems.notFound('nothing quarantined has this id');
    return quarantinedRecord(found);
  }

  @Answers(resend)
  async resend(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = resend.params(request);
    const principal = principalOf(request);
    const corrected = request.body === undefined ? undefined : submittedRow(textBody(request), parseEvent(textBody(request)), { principal, idempotencyKey: undefined });
    const answer = await this.gateway.deps.quarantine.resend(id, corrected);
    if (answer === undefined) throw problems.notFound('nothing quarantined has this id');
    await this.gateway.audit(principal.name, 'quarantine.resend', id, { corrected: corrected !== undefined, became: answer.kind });
    const { status, json: text, headers } = rowText(answer);
    void reply.code(status).headers(headers).type('application/json; charset=utf-8').send(text);
  }

  @Answers(listAudit)
  async audit(@Req() request: FastifyRequest): Promise<unknown> {
    const { by, action, from, to, limit, cursor } = listAudit.query(request);
    const { items, next } = await this.gateway.deps.audit.list({ by, action, fromMs: from, toMs: to }, { limit, cursor });
    return { audit: items.map(({ id, atMs, ...entry }) => ({ id, at: toIso(atMs), by: entry.by, action: entry.action, subject: entry.subject, details: entry.details })), next };
  }
}

function quarantinedRecord(given: Quarantined): unknown {
  const { id, source, transactionId, reason, field, expected, got, receivedAtMs, event, resentAtMs } = given;
  return { id, source, transaction_id: transactionId, reason, field, expected, got, received_at: toIso(receivedAtMs), event, resent: toIsoOrNull(resentAtMs) };
}
