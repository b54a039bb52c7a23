import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { nearMissesRecord } from '../decisions/near-misses';
import type { Rerun } from '../dependencies/decisions';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { idParams } from '../schemas/decision.schema';
import { changeBody } from '../schemas/definitions.schema';
import { jsonObject } from '../schemas/shared.schema';

const tag = 'Decisions';

const rerunSchema = z.object({
  decision_id: z.string(), same: z.boolean().meta({ description: 'Whether it came out byte for byte as it was stored; under a change, apart from the id of the set.' }),
  sha256: z.string().meta({ description: 'Of the canonical JSON.' }), missing_features: z.array(z.string()).optional().meta({ description: 'Features that the changed definitions have and the record has not: they count as missing. A back-test has them.' }), verdict: jsonObject,
}).meta({ id: 'Rerun' });
const bandSchema = z.object({ band: z.string(), up: z.number().nullable(), down: z.number().nullable() }).meta({ description: "The score's band, and how far it is to the next; null where there is none." });
const nearMissesSchema = z.object({
  decision_id: z.string(), band: bandSchema.optional(), what_if: z.array(z.string()).meta({ description: 'Changes of one value that would have given a milder outcome, nearest first; what is made of the value and was held as it was is named.' }),
  rules: z.array(z.object({ rule: z.string(), text: z.string() })).meta({ description: 'Rules that one comparison alone kept from firing.' }),
}).meta({ id: 'NearMisses' });

export const exportDecisions = endpoint({
  method: 'GET', path: '/decisions/export', tag, role: 'read', batch: true, summary: 'Every verdict there is',
  description: 'NDJSON: a verdict a line as canonical JSON, without what was measured (`meta`), its time in ms; lane by lane, each in its order. Runs of the same events elsewhere give the same lines, `id` apart.',
  responses: { 200: { description: 'A verdict a line.', type: 'application/x-ndjson', schema: z.string() } },
});
export const rerunDecision = endpoint({
  method: 'GET', path: '/decisions/:id/rerun', tag, role: 'read', summary: 'The decision again, from its record alone', params: idParams,
  responses: { 200: json('The verdict, and whether it is the stored one.', rerunSchema), ...problemResponses(404) },
});
export const rerunChanged = endpoint({
  method: 'POST', path: '/decisions/:id/rerun', tag, role: 'edit', largeBody: true, summary: 'What the decision would have been under a change of definitions',
  description: "The change is put over the set in force. It is decided from the decision's record alone: its event, features, matches, profile rows, the lists that held then, and the model's p. Nothing is stored.", params: idParams,
  body: { schema: changeBody }, responses: { 200: json('The verdict, and whether it is the stored one.', rerunSchema), ...problemResponses(400, 404, 413, 415, 422) },
});
export const nearMisses = endpoint({
  method: 'GET', path: '/decisions/:id/near-misses', tag, role: 'read', summary: 'What little else would have changed it', params: idParams,
  responses: { 200: json('In plain words.', nearMissesSchema), ...problemResponses(404) },
});

/** Decisions as they were recorded: all of them, one of them again, and what was nearly otherwise. */
@Controller(['', 'v1'])
export class RecordsController {
  constructor(private readonly gateway: GatewayContext) {}
  private get decisions() { return this.gateway.deps.decisions; }

  @Answers(exportDecisions)
  export(@Res() reply: FastifyReply): void {
    void reply.type('application/x-ndjson; charset=utf-8').send(Readable.from(this.decisions.verdictLines(), { objectMode: false }));
  }

  @Answers(rerunDecision)
  async rerun(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = rerunDecision.params(request);
    this.answer(reply, id, await this.decisions.rerun(id));
  }

  @Answers(rerunChanged)
  async rerunChanged(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = rerunChanged.params(request), { definitions, files, prune, model_files } = rerunChanged.body(request);
    this.answer(reply, id, await this.decisions.rerun(id, { documents: definitions ?? [], files: files ?? [], prune, ...(model_files === undefined ? {} : { modelFiles: model_files }) }));
  }

  private answer(reply: FastifyReply, id: string, again: Rerun | undefined): void {
    if (again === undefined) throw problems.notFound('no decision has this id');
    const sha256 = createHash('sha256').update(again.json).digest('hex');
    // The verdict goes out as the bytes it is, not parsed and printed again.
    const missing = again.missingFeatures === undefined ? '' : `"missing_features":${JSON.stringify(again.missingFeatures)},`;
    void reply.type('application/json; charset=utf-8').send(`{"decision_id":${JSON.stringify(id)},"same":${again.same},"sha256":"${sha256}",${missing}"verdict":${again.json}}`);
  }

  @Answers(nearMisses)
  async near(@Req() request: FastifyRequest): Promise<unknown> {
    const { id } = nearMisses.params(request);
    const near = await this.decisions.nearMisses(id);
    if (near === undefined) throw problems.notFound('no decision has this id');
    return { decision_id: id, ...nearMissesRecord(near) };
  }
}
