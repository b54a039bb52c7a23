import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { binaryType } from '../http/body-parsers';
import { Answers, binaryBody, endpoint, principalOf } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';

const fileBytesMax = 256 * 1_048_576;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');
const fileQuery = z.strictObject({
  path: z.string().min(1).max(1_000).meta({ description: "As a model's `file` names it." }),
  background_of: sha256.optional().meta({ description: 'The bytes are the background rows of the model with this SHA-256.' }),
});
const fileKept = z.object({ path: z.string(), sha256, bytes: z.number().int() });

export const putModelFile = endpoint({
  method: 'PUT', path: '/models/files', tag: 'Definitions', role: 'edit', batch: true, bodyBytesMax: fileBytesMax, summary: "A model's file, or its background rows",
  description: 'At most 256 MiB. Kept by its SHA-256; definitions given from now on that name the path mean these bytes. What is in force stays as it is.',
  query: fileQuery, body: { schema: z.string().meta({ format: 'binary' }), types: [binaryType] }, responses: { 200: json('What was kept.', fileKept), ...problemResponses(400, 413, 415, 422) },
});

@Controller(['', 'v1'])
export class ModelsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(putModelFile)
  async put(@Req() request: FastifyRequest): Promise<unknown> {
    const { path, background_of } = putModelFile.query(request);
    const bytes = binaryBody(request);
    const kept = await this.gateway.deps.models.keep({ path, bytes, backgroundOf: background_of });
    await this.gateway.audit(principalOf(request).name, 'model.file', path, { sha256: kept, bytes: bytes.length });
    return { path, sha256: kept, bytes: bytes.length };
  }
}
