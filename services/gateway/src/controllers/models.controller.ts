import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { DriftWindowShown, ModelNow, ModelQuality } from '../dependencies/models';
import { GatewayContext } from '../gateway-context';
import { binaryType } from '../http/body-parsers';
import { Answers, binaryBody, endpoint, principalOf } from '../http/endpoint';
import { json, problemResponses } from '../http/responses';
import { driftSchema, modelSchema, qualitySchema } from '../schemas/models.schema';
import { name, toIso } from '../schemas/shared.schema';

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

const tag = 'Models';
const newCategoriesMax = 20;

export const listModels = endpoint({
  method: 'GET', path: '/models', tag, role: 'read', summary: 'Models in force, and how they did in the last minute', responses: { 200: json('All of them.', z.object({ models: z.array(modelSchema) })), ...problemResponses() },
});
export const modelQuality = endpoint({
  method: 'GET', path: '/models/quality', tag, role: 'read', summary: 'How good each model was, week by week',
  description: 'Of the decisions that are old enough for their labels: what did not become known as fraud by then counts as genuine. Newest week first.', query: z.strictObject({ model: name.optional() }),
  responses: { 200: json('Weeks by model and version.', z.object({ weeks: z.array(qualitySchema) })), ...problemResponses(422) },
});
export const modelDrift = endpoint({
  method: 'GET', path: '/models/drift', tag, role: 'read', summary: 'How far features and scores have drifted, window by window',
  description: 'Against the rows kept with the champion, for its inputs; else against the first decisions. Newest window first; it may still be open.',
  responses: { 200: json('Windows.', z.object({ windows: z.array(driftSchema) })), ...problemResponses() },
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

  @Answers(listModels)
  list(): unknown { return { models: this.gateway.deps.monitors.models().map(modelRecord) }; }

  @Answers(modelQuality)
  async quality(@Req() request: FastifyRequest): Promise<unknown> { return { weeks: (await this.gateway.deps.monitors.quality(modelQuality.query(request).model)).map(qualityRecord) }; }

  @Answers(modelDrift)
  async drift(): Promise<unknown> { return { windows: (await this.gateway.deps.monitors.drift()).map(driftRecord) }; }
}

function modelRecord({ lastMinute, ...model }: ModelNow): Record<string, unknown> {
  const { calls = 0, rows = 0, errors = 0, errorRate = 0, p50Ms = 0, p99Ms = 0 } = lastMinute ?? {};
  return { ...model, last_minute: lastMinute === null ? null : { calls, rows, errors, error_rate: errorRate, p50_ms: p50Ms, p99_ms: p99Ms } };
}

function qualityRecord({ weekStartMs, fraudShare, meanP, averagePrecision, cardPrecision, calibrationError, calibration, alertRate, ...rest }: ModelQuality): Record<string, unknown> {
  return {
    ...rest, week: toIso(weekStartMs), fraud_share: fraudShare, mean_p: meanP, average_precision: averagePrecision, card_precision: cardPrecision, calibration_error: calibrationError,
    calibration: calibration.map((bin) => ({ count: bin.count, mean_p: bin.meanScore, fraud_share: bin.fraudShare })), alert_rate: alertRate,
  };
}

const driftRecord = ({ fromMs, toMs, decisions, rows, features }: DriftWindowShown): Record<string, unknown> => ({
  from: toIso(fromMs), to: toIso(toMs), decisions, rows,
  features: features.map(({ feature, reference, psi, jensenShannon, kolmogorovSmirnov: ks, missingRate, newCategories, newCategoriesShare, passed }) => ({
    feature, reference, psi, jensen_shannon: jensenShannon, kolmogorov_smirnov: ks === null ? null : { distance: ks.distance, p_value: ks.pValue }, missing_rate: missingRate,
    new_categories: newCategories.slice(0, newCategoriesMax), new_categories_share: newCategoriesShare, passed,
  })),
});
