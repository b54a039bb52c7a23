import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { reprocessStatuses, type ReprocessState } from '../dependencies/reprocessing';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { idParams } from '../schemas/decision.schema';
import { isoTime, jsonObject, name, next, timeMs, toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Reprocess';

const reprocessBody = z.strictObject({
  views: z.array(name).min(1).max(100).meta({ description: 'Feature views to build anew from the log.' }),
  from: timeMs.optional().meta({ description: 'Events at or after it; default: the whole log.' }),
  to: timeMs.optional().meta({ description: 'Where the stream takes over; refused where it has no events from there on.' }),
  hold: z.boolean().default(false).meta({ description: 'True: once built and compared it waits to be told to switch.' }),
});
const reprocessAnswer = z.object({
  id: z.string(), kind: z.enum(['reprocess', 'rollback']), views: z.array(z.string()), status: z.enum(reprocessStatuses), by: z.string(), started_at: isoTime, ended_at: isoTime.nullable(), from: isoTime.nullable(),
  progress: z.object({ records: z.number().int(), of: z.number().int().nullable() }),
  comparison: jsonObject.nullable().meta({ description: 'Once built: live values against the new ones, of a sample of the keys that had no event since.' }), error: z.string().nullable(),
}).meta({ id: 'Reprocess' });
const one = { 200: json('As of now.', reprocessAnswer), ...problemResponses(404, 409) };

export const startReprocess = endpoint({
  method: 'POST', path: '/reprocess', tag, role: 'edit', summary: 'Build views anew from the log',
  description: 'Beside the live states, in a thread of low priority; then the values are compared and, by a record in each lane, all decisions after it use the new ones. No event is left out or counted twice. It goes on after a stop or a crash.',
  body: { schema: reprocessBody }, responses: { 202: json('It runs.', reprocessAnswer), ...problemResponses(400, 404, 409, 415, 422) },
});
export const listReprocess = endpoint({ method: 'GET', path: '/reprocess', tag, role: 'read', summary: 'All of them, newest first', responses: { 200: json('All of them.', z.object({ reprocess: z.array(reprocessAnswer), next })) } });
export const oneReprocess = endpoint({ method: 'GET', path: '/reprocess/:id', tag, role: 'read', summary: 'Progress, and the comparison once it is built', params: idParams, responses: { 200: json('As of now.', reprocessAnswer), ...problemResponses(404) } });
export const pauseReprocess = endpoint({ method: 'POST', path: '/reprocess/:id/pause', tag, role: 'edit', summary: 'Stop building; what is built stays', params: idParams, responses: one });
export const resumeReprocess = endpoint({ method: 'POST', path: '/reprocess/:id/resume', tag, role: 'edit', summary: 'Go on building', params: idParams, responses: one });
export const switchReprocess = endpoint({ method: 'POST', path: '/reprocess/:id/switch', tag, role: 'edit', summary: 'Let one that holds take over', params: idParams, responses: one });
export const rollbackReprocess = endpoint({ method: 'POST', path: '/reprocess/:id/rollback', tag, role: 'edit', summary: 'Forget it; after its switch, build what was before and switch to that', params: idParams, responses: one });

@Controller(['', 'v1'])
export class ReprocessController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(startReprocess)
  async start(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { views, from, to, hold } = startReprocess.body(request), by = principalOf(request).name;
    const state = await this.gateway.deps.reprocessing.start({ views, fromMs: from, toMs: to, hold, by });
    await this.gateway.audit(by, 'reprocess.start', state.id, { views, hold });
    void reply.header('location', `/reprocess/${state.id}`);
    return shown(state);
  }

  @Answers(listReprocess)
  async list(): Promise<unknown> { return { reprocess: (await this.gateway.deps.reprocessing.all()).map(shown), next: null }; }

  @Answers(oneReprocess)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const state = await this.gateway.deps.reprocessing.byId(oneReprocess.params(request).id);
    if (state === undefined) throw problems.notFound('there is no reprocess with this id');
    return shown(state);
  }

  @Answers(pauseReprocess)
  pause(@Req() request: FastifyRequest): Promise<unknown> { return this.change(request, 'pause', (id) => this.gateway.deps.reprocessing.pause(id)); }

  @Answers(resumeReprocess)
  resume(@Req() request: FastifyRequest): Promise<unknown> { return this.change(request, 'resume', (id) => this.gateway.deps.reprocessing.resume(id)); }

  @Answers(switchReprocess)
  switch(@Req() request: FastifyRequest): Promise<unknown> { return this.change(request, 'switch', (id) => this.gateway.deps.reprocessing.switch(id)); }

  @Answers(rollbackReprocess)
  rollback(@Req() request: FastifyRequest): Promise<unknown> { return this.change(request, 'rollback', (id, by) => this.gateway.deps.reprocessing.rollback(id, by)); }

  private async change(request: FastifyRequest, what: string, change: (id: string, by: string) => Promise<ReprocessState>): Promise<unknown> {
    const { id } = oneReprocess.params(request), by = principalOf(request).name;
    const state = await change(id, by);
    await this.gateway.audit(by, `reprocess.${what}`, id, { became: state.status });
    return shown(state);
  }
}

const shown = ({ id, kind, views, status, by, startedAtMs, endedAtMs, fromMs, records, recordsTotal, comparison, error }: ReprocessState): unknown =>
  ({ id, kind, views, status, by, started_at: toIso(startedAtMs), ended_at: toIsoOrNull(endedAtMs), from: toIsoOrNull(fromMs), progress: { records, of: recordsTotal }, comparison, error });
