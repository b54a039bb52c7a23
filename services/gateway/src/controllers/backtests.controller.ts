import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { backtestStatuses, type BacktestState } from '../dependencies/backtests';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { idParams } from '../schemas/decision.schema';
import { isoTime, jsonObject, name, next, timeMs, toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Back-tests';
const examplesMax = 1_000;

const backtestBody = z.strictObject({
  documents: z.array(jsonObject).max(20_000).optional().meta({ description: 'Definitions as documents.' }),
  files: z.array(z.strictObject({ path: z.string().min(1).max(1_000), text: z.string() })).max(5_000).optional().meta({ description: 'YAML or JSON as text.' }),
  prune: z.boolean().default(false).meta({ description: 'True: the given definitions are the whole set, and all others go. False: they replace or join what is in force.' }),
  model_files: z.record(z.string().max(1_000), z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex')).optional().meta({ description: "SHA-256 of the bytes that a model's `file` stands for, by its path." }),
  from: timeMs.optional().meta({ description: 'Decisions of events at or after it; everything before still runs, for its state.' }),
  to: timeMs.optional().meta({ description: 'Decisions of events before it.' }),
  amount: name.default('amount').meta({ description: 'The field that holds the money at stake.' }),
  segment: z.string().min(1).max(4_000).optional().meta({ description: 'A field, or CEL over tx, features and profile: figures for each of its values.' }),
  examples: z.number().int().min(0).max(examplesMax).default(10).meta({ description: 'Transactions shown per kind of change.' }),
  verify: z.boolean().default(false).meta({ description: 'True, and no definitions: replays the log and compares with what was stored, byte for byte.' }),
}).refine(({ documents, files, verify }) => !verify || (documents === undefined && files === undefined), { message: 'no definitions', path: ['verify'] });

const backtestAnswer = z.object({
  id: z.string(), status: z.enum(backtestStatuses), verify: z.boolean(), started_at: isoTime, ended_at: isoTime.nullable(),
  progress: z.object({ records: z.number().int(), of: z.number().int().nullable() }),
  report: jsonObject.nullable().meta({ description: 'Once it is done; of one that was cancelled there is none.' }), error: z.string().nullable(),
}).meta({ id: 'Backtest' });
const backtestsAnswer = z.object({ backtests: z.array(backtestAnswer), next });

export const startBacktest = endpoint({
  method: 'POST', path: '/backtests', tag, role: 'edit', largeBody: true, summary: 'What a change of definitions would have done',
  description: 'Runs the log through the definitions as they stood and through the given ones, beside live traffic. At most two run at once; the last twenty are kept. Without definitions: the set in force, which must give the stored decisions again.',
  body: { schema: backtestBody }, responses: { 202: json('It runs.', backtestAnswer), ...problemResponses(400, 413, 415, 422) },
});
export const oneBacktest = endpoint({ method: 'GET', path: '/backtests/:id', tag, role: 'read', summary: 'Progress, and the report once it is done', params: idParams, responses: { 200: json('As of now.', backtestAnswer), ...problemResponses(404) } });
export const cancelBacktest = endpoint({
  method: 'DELETE', path: '/backtests/:id', tag, role: 'edit', summary: 'Cancel one that runs', description: 'Its process has ended when this is answered. It stays in the list as `cancelled`, without a report.',
  params: idParams, responses: { 200: json('It is cancelled.', backtestAnswer), ...problemResponses(404, 409) },
});
export const listBacktests = endpoint({ method: 'GET', path: '/backtests', tag, role: 'read', summary: 'Those that run and the last that ended; newest first, without their reports', responses: { 200: json('All of them.', backtestsAnswer) } });

@Controller(['', 'v1'])
export class BacktestsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(startBacktest)
  async start(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { documents, files, prune, model_files, from, to, amount, segment, examples, verify } = startBacktest.body(request);
    const change = documents === undefined && files === undefined ? undefined : { documents: documents ?? [], files: files ?? [], prune, ...(model_files === undefined ? {} : { modelFiles: model_files }) };
    const state = await this.gateway.deps.backtests.start({ change, fromMs: from ?? -Infinity, toMs: to ?? Infinity, amountField: amount, segment, examples, verify });
    await this.gateway.audit(principalOf(request).name, 'backtest.start', state.id, { verify, changed: change !== undefined });
    void reply.header('location', `/backtests/${state.id}`);
    return shown(state);
  }

  @Answers(oneBacktest)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const state = await this.gateway.deps.backtests.byId(oneBacktest.params(request).id);
    if (state === undefined) throw problems.notFound('no back-test has this id, or it was forgotten');
    return shown(state);
  }

  @Answers(cancelBacktest)
  async cancel(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = cancelBacktest.params(request);
    const state = await this.gateway.deps.backtests.cancel(id);
    await this.gateway.audit(principalOf(request).name, 'backtest.cancel', id, { records: state.records });
    return shown(state);
  }

  @Answers(listBacktests)
  async list(): Promise<unknown> {
    return { backtests: (await this.gateway.deps.backtests.all()).map(shown), next: null };
  }
}

const shown = ({ id, status, verify, startedAtMs, endedAtMs, records, recordsTotal, report, error }: BacktestState): unknown =>
  ({ id, status, verify, started_at: toIso(startedAtMs), ended_at: toIsoOrNull(endedAtMs), progress: { records, of: recordsTotal }, report, error });
