import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { MatchEvent, PatternStanding } from '../dependencies';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { id, isoTime, name, next, page, timeMs, toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Patterns';
const steps = z.record(z.string(), z.array(z.string())).meta({ description: 'Ids of the events by step, in the order taken.' });
const kinds = z.enum(['match', 'timeout', 'limit', 'late']).meta({ description: '`late`: an event came too late for an ordered pattern; its id is in `events.late`.' });

const matchSchema = z.object({
  id: z.string(), kind: kinds, pattern: z.string(), version: z.number().int(), mode: z.enum(['live', 'shadow']),
  entity: z.string().nullable(), key: z.string().meta({ description: 'Tokens in place.' }), events: steps, first: isoTime, last: isoTime,
  by_event: z.boolean().meta({ description: 'False where time alone gave it.' }),
  limit: z.object({ name: z.string(), max: z.number(), dropped: z.number() }).nullable().meta({ description: 'Of a limit: which bound was reached, and how much was given up.' }),
  late_by_ms: z.number().nullable(),
}).meta({ id: 'Match', description: 'What a pattern gave.' });

const matchesQuery = z.strictObject({
  pattern: name.optional(), kind: kinds.optional(), entity: z.string().regex(/^[^:]+:.+$/, 'TYPE:KEY').max(1_200).optional().meta({ description: '`card:…`, raw or as its token.' }), from: timeMs.optional(), to: timeMs.optional(), ...page,
});
export const listMatches = endpoint({
  method: 'GET', path: '/matches', tag, role: 'read', summary: 'What patterns gave, newest first',
  description: 'Matches of live and shadow patterns, by an event or by time, time-outs, bounds that were reached, events that came too late. `from` and `to` go by the last event. A page looks at a bounded number, so it may be short and still have a `next`.',
  query: matchesQuery, responses: { 200: json('A page.', z.object({ matches: z.array(matchSchema), next })), ...problemResponses(422) },
});

const standingSchema = z.object({
  pattern: z.string(), version: z.number().int(), entity: z.object({ type: z.string(), id: z.string() }),
  open: z.array(z.object({ steps, awaits: z.array(z.string()).meta({ description: 'Steps that may come next.' }), since: isoTime, until: isoTime.nullable().meta({ description: 'When its time is over; null: never.' }) })),
  open_count: z.number().int(),
  latest: z.object({ decision_id: z.string(), transaction_id: z.string(), fired: z.boolean().nullable(), explanation: z.string(), parts: z.array(z.object({ text: z.string(), held: z.boolean().nullable(), value: z.unknown() })) }).nullable()
    .meta({ description: 'Why the latest decision of the entity did not complete it; null: there is none.' }),
}).meta({ id: 'PatternStanding' });
export const entityWhyNot = endpoint({
  method: 'GET', path: '/entities/:type/:id/why-not', tag, role: 'read', summary: 'Where a pattern stands with an entity, and why it was not matched', description: 'The partial matches that are open now, of events of all its sources; and how far its recent events got, with the condition or the time that stopped them.',
  params: z.object({ type: name, id }), query: z.strictObject({ pattern: name }), responses: { 200: json('Open partial matches and the nearest miss.', standingSchema), ...problemResponses(404, 422) },
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
