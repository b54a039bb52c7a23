import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { LinkedEntity, TimelineEntry } from '../dependencies/cases';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { entityParams, linksAnswer, timelineAnswer, timelineQuery } from '../schemas/cases.schema';
import { toIso } from '../schemas/shared.schema';

const tag = 'Entities';

export const entityTimeline = endpoint({
  method: 'GET', path: '/entities/:type/:id/timeline', tag, role: 'read', summary: 'What an entity did: its decisions and their labels', params: entityParams, query: timelineQuery,
  responses: { 200: json('A page, newest first.', timelineAnswer), ...problemResponses(404, 422) },
});
export const entityLinks = endpoint({
  method: 'GET', path: '/entities/:type/:id/links', tag, role: 'read', summary: 'Who shares what with an entity', description: 'From its latest transactions to what they had (a device, an address), and from there to others of its kind. Bounded; `complete` says whether all was looked at.', params: entityParams,
  responses: { 200: json('What is shared, and with whom.', linksAnswer), ...problemResponses(404) },
});

@Controller(['', 'v1'])
export class EntitiesController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(entityTimeline)
  async timeline(@Req() request: FastifyRequest): Promise<unknown> {
    const { type, id } = entityTimeline.params(request);
    const { limit, cursor } = entityTimeline.query(request);
    const { entity, page } = await this.gateway.deps.entities.timeline(type, id, { limit, cursor });
    return { entity: entityRecord(entity), timeline: page.items.map(entryRecord), next: page.next };
  }

  @Answers(entityLinks)
  async links(@Req() request: FastifyRequest): Promise<unknown> {
    const { type, id } = entityLinks.params(request);
    const { entity, shared, links, complete } = await this.gateway.deps.entities.links(type, id);
    return { entity: entityRecord(entity), shared: shared.map((one) => ({ ...linkRecord(one), hot: one.hot })), links: links.map((one) => ({ ...linkRecord(one), via: one.via })), complete };
  }
}

const entityRecord = ({ type, key }: { readonly type: string; readonly key: string }): Record<string, unknown> => ({ type, id: key });
const linkRecord = ({ type, key, transactions, refused, firstMs, lastMs }: LinkedEntity): Record<string, unknown> => ({ type, id: key, transactions, refused, first: toIso(firstMs), last: toIso(lastMs) });

function entryRecord(entry: TimelineEntry): unknown {
  if (entry.kind === 'label') return { kind: 'label', at: toIso(entry.atMs), transaction_id: entry.transactionId, fraud: entry.fraud, by: entry.by, source: entry.source };
  const { kind, atMs, id, transactionId, outcome, score, decidedBy, alert, rules, entities, amount } = entry;
  return { kind, at: toIso(atMs), id, transaction_id: transactionId, outcome, score, decided_by: decidedBy, alert, rules, entities, amount };
}
