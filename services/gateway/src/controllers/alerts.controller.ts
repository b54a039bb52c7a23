import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { StoredAlert } from '../dependencies/alerts';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { alertRecord } from '../live/live-feed';
import { alertSchema, alertsPage, alertsQuery } from '../schemas/alerts.schema';
import { idParams } from '../schemas/decision.schema';
import { toIso } from '../schemas/shared.schema';

const tag = 'Alerts';

export const listAlerts = endpoint({
  method: 'GET', path: '/alerts', tag, role: 'read', summary: 'Alerts, newest first', description: 'By the lane\'s order; `from` and `to` go by event time. A page looks at a bounded number of alerts, so it may be short and still have a `next`.', query: alertsQuery,
  responses: { 200: json('A page.', alertsPage), ...problemResponses(422) },
});
export const oneAlert = endpoint({
  method: 'GET', path: '/alerts/:id', tag, role: 'read', summary: 'An alert', description: 'One about a model is found while it is among the latest 10,000 alerts.', params: idParams, responses: { 200: json('The alert.', alertSchema), ...problemResponses(404) },
});
export const closeAlert = endpoint({
  method: 'POST', path: '/alerts/:id/close', tag, role: 'edit', summary: 'Close an alert', description: 'By itself; whoever resolves a case closes the alerts of its decision. One that is closed stays as it was.', params: idParams,
  responses: { 200: json('The alert.', alertSchema), ...problemResponses(404) },
});

@Controller(['', 'v1'])
export class AlertsController {
  constructor(private readonly gateway: GatewayContext) {}
  private get alerts() { return this.gateway.deps.alerts; }

  @Answers(listAlerts)
  async list(@Req() request: FastifyRequest): Promise<unknown> {
    const { status, severity, raised_by: raisedBy, decision_id: decisionId, from, to, limit, cursor } = listAlerts.query(request);
    const found = await this.alerts.list({ status, severity, raisedBy, decisionId, fromMs: from, toMs: to }, { limit, cursor });
    return { alerts: found.items.map(storedRecord), next: found.next };
  }

  @Answers(oneAlert)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const found = await this.alerts.byId(oneAlert.params(request).id);
    if (found === undefined) throw problems.notFound('no alert has this id');
    return storedRecord(found);
  }

  @Answers(closeAlert)
  async close(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = closeAlert.params(request), by = principalOf(request).name;
    const closed = await this.alerts.close(id, by);
    await this.gateway.audit(by, 'alert.close', id);
    return storedRecord(closed);
  }
}

const storedRecord = ({ caseId, closed, ...alert }: StoredAlert) => ({
  ...alertRecord(alert), case_id: caseId, status: closed === null ? 'open' : 'closed', closed_by: closed?.by ?? null, closed_at: closed === null ? null : toIso(closed.atMs),
});
