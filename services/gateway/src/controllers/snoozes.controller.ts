import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Snooze } from '../dependencies/lists';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, noContent, problemResponses } from '../http/responses';
import { durationMs, id, isoTime, name, timeMs, toIso } from '../schemas/shared.schema';

const tag = 'Rules';
const snoozeSchema = z.object({ rule: z.string(), entity: z.string(), key: z.string(), until: isoTime, by: z.string(), reason: z.string() }).meta({ id: 'Snooze' });
const snoozeParams = z.object({ name, entity: name, key: id });
const snoozeBody = z
  .strictObject({ until: timeMs.optional(), ttl: durationMs.optional().meta({ description: 'From now.' }), by: z.string().max(200).optional().meta({ description: 'Default: the name of the key.' }), reason: z.string().max(2_000).optional() })
  .refine(({ until, ttl }) => (until === undefined) !== (ttl === undefined), { message: 'either until or ttl', path: ['until'] });

export const listSnoozes = endpoint({
  method: 'GET', path: '/rules/:name/snoozes', tag, role: 'read', summary: 'For whom a rule is silent', params: z.object({ name }),
  responses: { 200: json('Those that have not ended.', z.object({ snoozes: z.array(snoozeSchema), next: z.null() })), ...problemResponses(404) },
});
export const putSnooze = endpoint({
  method: 'PUT', path: '/rules/:name/snoozes/:entity/:key', tag, role: 'edit', summary: 'Silence a rule or pattern for one card, merchant, …',
  description: 'It does not fire there while the event time is before `until`; decisions name it in `snoozed`. Counts for the next decision. The newest of a rule and key counts.',
  params: snoozeParams, body: { schema: snoozeBody }, responses: { 200: json('The snooze.', snoozeSchema), ...problemResponses(400, 404, 415, 422) },
});
export const removeSnooze = endpoint({
  method: 'DELETE', path: '/rules/:name/snoozes/:entity/:key', tag, role: 'edit', summary: 'Let it speak again', description: 'Counts for the next decision.', params: snoozeParams,
  responses: { 204: noContent, ...problemResponses(404) },
});

@Controller(['', 'v1'])
export class SnoozesController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(listSnoozes)
  async list(@Req() request: FastifyRequest): Promise<unknown> {
    return { snoozes: (await this.gateway.deps.snoozes.of(listSnoozes.params(request).name)).map(snoozeRecord), next: null };
  }

  @Answers(putSnooze)
  async put(@Req() request: FastifyRequest): Promise<unknown> {
    const { name: rule, entity, key } = putSnooze.params(request);
    const { until, ttl = 0, by, reason = '' } = putSnooze.body(request);
    const principal = principalOf(request);
    const { deps } = this.gateway;
    const snooze = await deps.snoozes.put({ rule, entity, key, untilMs: until ?? deps.clock.nowMs() + ttl, by: by ?? principal.name, reason });
    await this.gateway.audit(principal.name, 'rule.snooze', rule, { entity, key: snooze.key, until: toIso(snooze.untilMs), reason });
    return snoozeRecord(snooze);
  }

  @Answers(removeSnooze)
  async remove(@Req() request: FastifyRequest): Promise<void> {
    const { name: rule, entity, key } = removeSnooze.params(request);
    const principal = principalOf(request);
    const removed = await this.gateway.deps.snoozes.remove({ rule, entity, key, by: principal.name });
    if (removed === undefined) throw problems.notFound('the rule is not silent there');
    await this.gateway.audit(principal.name, 'rule.unsnooze', rule, { entity, key: removed.key });
  }
}

const snoozeRecord = ({ untilMs, ...snooze }: Snooze): unknown => ({ ...snooze, until: toIso(untilMs) });
