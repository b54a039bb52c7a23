import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { MatchEvent, PatternStanding } from '../dependencies/alerts';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { entityParams } from '../schemas/cases.schema';
import { matchesPage, matchesQuery, standingQuery, standingSchema } from '../schemas/matches.schema';
import { toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Patterns';
export const listMatches = endpoint({
  method: 'GET', path: '/matches', tag, role: 'read', summary: 'What patterns gave, newest first',
  description: 'Matches of live and shadow patterns, by an event or by time, time-outs, bounds that were reached, events that came too late. `from` and `to` go by the last event. A page looks at a bounded number, so it may be short and still have a `next`.',
  query: matchesQuery, responses: { 200: json('A page.', matchesPage), ...problemResponses(422) },
});

export const entityWhyNot = endpoint({
  method: 'GET', path: '/entities/:type/:id/why-not', tag, role: 'read', summary: 'Where a pattern stands with an entity, and why it was not matched', description: 'The partial matches that are open now, of events of all its sources; and how far its recent events got, with the condition or the time that stopped them.',
  params: entityParams, query: standingQuery, responses: { 200: json('Open partial matches and the nearest miss.', standingSchema), ...problemResponses(404, 422) },
});

@Controller(['', 'v1'])
export class MatchesController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(listMatches)
  async list(@Req() request: FastifyRequest): Promise<unknown> {
    const { pattern, kind, entity, from, to, limit, cursor } = listMatches.query(request);
    const colon = entity?.indexOf(':') ?? -1;
    const found = await this.gateway.deps.matches.list({ pattern, kind, entity: entity === undefined ? undefined : { type: entity.slice(0, colon), key: entity.slice(colon + 1) }, fromMs: from, toMs: to }, { limit, cursor });
    return { matches: found.items.map(matchRecord), next: found.next };
  }

  @Answers(entityWhyNot)
  async whyNot(@Req() request: FastifyRequest): Promise<unknown> {
    const { type, id: key } = entityWhyNot.params(request);
    return standingRecord(await this.gateway.deps.matches.standing(entityWhyNot.query(request).pattern, { type, key }));
  }
}

const matchRecord = ({ firstMs, lastMs, byEvent, lateByMs, ...match }: MatchEvent): unknown => {
  const { id: matchId, kind, pattern, version, mode, entity, key, events, limit } = match;
  return { id: matchId, kind, pattern, version, mode, entity, key, events, first: toIso(firstMs), last: toIso(lastMs), by_event: byEvent, limit, late_by_ms: lateByMs };
};

const standingRecord = ({ pattern, version, entity, key, open, openCount, latest }: PatternStanding): unknown => ({
  pattern, version, entity: { type: entity, id: key }, open: open.map(({ steps: taken, awaits, sinceMs, untilMs }) => ({ steps: taken, awaits, since: toIso(sinceMs), until: toIsoOrNull(untilMs) })), open_count: openCount,
  latest: latest && { decision_id: latest.decisionId, transaction_id: latest.transactionId, fired: latest.fired, explanation: latest.explanation, parts: latest.parts },
});
