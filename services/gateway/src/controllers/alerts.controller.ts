import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { alertRecord } from '../live/live-feed';
import { isoTime, name, next, page, timeMs } from '../schemas/shared.schema';

const alertSchema = z.looseObject({
  id: z.string(), at: isoTime.meta({ description: 'Event time.' }), severity: z.string(), raised_by: z.object({ kind: z.string(), name: z.string(), key: z.string().nullable() }),
  entity: z.string().nullable().meta({ description: '`type:key`.' }), decision_id: z.string().nullable(), transaction_id: z.string().nullable(), text: z.string(),
}).meta({ id: 'Alert' });
const alertsQuery = z.strictObject({ severity: name.optional(), raised_by: name.optional().meta({ description: 'Name of a rule, a pattern or a policy.' }), from: timeMs.optional(), to: timeMs.optional(), ...page });

export const listAlerts = endpoint({
  method: 'GET', path: '/alerts', tag: 'Alerts', role: 'read', summary: 'Alerts, newest first', description: 'By the lane\'s order; `from` and `to` go by event time. A page looks at a bounded number of alerts, so it may be short and still have a `next`.', query: alertsQuery,
  responses: { 200: json('A page.', z.object({ alerts: z.array(alertSchema), next })), ...problemResponses(422) },
});

@Controller(['', 'v1'])
export class AlertsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(listAlerts)
  async list(@Req() request: FastifyRequest): Promise<unknown> {
    const { severity, raised_by: raisedBy, from, to, limit, cursor } = listAlerts.query(request);
    const found = await this.gateway.deps.alerts.list({ severity, raisedBy, fromMs: from, toMs: to }, { limit, cursor });
    return { alerts: found.items.map(alertRecord), next: found.next };
  }
}
