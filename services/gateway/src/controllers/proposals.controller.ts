import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { appliedAnswer, proposalSchema } from '../schemas/definitions.schema';
import { id, next, page, toIso } from '../schemas/shared.schema';
import { planRecord, proposalRecord } from './definitions.controller';

const tag = 'Definitions';
const params = z.object({ id });
const status = z.enum(['open', 'approved', 'rejected']);

export const listProposals = endpoint({
  method: 'GET', path: '/definitions/proposals', tag, role: 'read', summary: 'Changes that wait for a second pair of eyes, and those that had it; newest first', query: z.strictObject({ status: status.optional(), ...page }),
  responses: { 200: json('A page.', z.object({ proposals: z.array(proposalSchema), next })), ...problemResponses(422) },
});
export const oneProposal = endpoint({ method: 'GET', path: '/definitions/proposals/:id', tag, role: 'read', summary: 'One proposed change', params, responses: { 200: json('What it would change.', proposalSchema), ...problemResponses(404) } });
export const approveProposal = endpoint({
  method: 'POST', path: '/definitions/proposals/:id/approve', tag, role: 'edit', summary: 'Apply a proposed change', description: 'With another key than the one that proposed it. 409 where the set has changed since: propose it again.', params,
  responses: { 200: json('What changed.', appliedAnswer), ...problemResponses(404, 409, 422) },
});
export const rejectProposal = endpoint({
  method: 'POST', path: '/definitions/proposals/:id/reject', tag, role: 'edit', summary: 'Turn a proposed change down', description: 'Whoever proposed it may take it back.', params,
  body: { schema: z.strictObject({ reason: z.string().max(2_000).optional() }), optional: true }, responses: { 200: json('The proposal.', proposalSchema), ...problemResponses(400, 404, 409, 415, 422) },
});

@Controller(['', 'v1'])
export class ProposalsController {
  constructor(private readonly gateway: GatewayContext) {}
  private get proposals() { return this.gateway.deps.proposals; }

  @Answers(listProposals)
  async list(@Req() request: FastifyRequest): Promise<unknown> {
    const { limit, cursor, status: wanted } = listProposals.query(request);
    const found = await this.proposals.list(wanted, { limit, cursor });
    return { proposals: found.items.map(proposalRecord), next: found.next };
  }

  @Answers(oneProposal)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const found = await this.proposals.byId(oneProposal.params(request).id);
    if (found === undefined) throw problems.notFound('no proposal has this id');
    return proposalRecord(found);
  }

  @Answers(approveProposal)
  async approve(@Req() request: FastifyRequest): Promise<unknown> {
    const by = principalOf(request), { id: proposal } = approveProposal.params(request);
    const { appliedAtMs, ...plan } = await this.proposals.approve(proposal, by);
    await this.gateway.audit(by.name, 'definitions.approve', proposal, { set: plan.set, key: by.keyId });
    return { ...planRecord(plan), applied_at: toIso(appliedAtMs) };
  }

  @Answers(rejectProposal)
  async reject(@Req() request: FastifyRequest): Promise<unknown> {
    const by = principalOf(request), { id: proposal } = rejectProposal.params(request);
    const { reason = null } = request.body === undefined ? {} : rejectProposal.body(request);
    const rejected = await this.proposals.reject(proposal, by, reason);
    await this.gateway.audit(by.name, 'definitions.reject', proposal, { set: rejected.plan.set, key: by.keyId, reason });
    return proposalRecord(rejected);
  }
}
