import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { FeatureRead, FeatureStatistics } from '../dependencies/features';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import {
  batchReadAnswer, batchReadBody, entityFeatures, featuresParams, featuresQuery, featureStatistics, joinAnswer, joinBody, realtimeAnswer, realtimeBody, statisticsPage, statisticsParams,
} from '../schemas/features.schema';
import { toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Features';

export const statistics = endpoint({
  method: 'GET', path: '/features/stats', tag, role: 'read', summary: 'Statistics of all features',
  responses: { 200: json('By feature.', statisticsPage) },
});
export const statisticsOfFeature = endpoint({
  method: 'GET', path: '/features/stats/:feature', tag, role: 'read', summary: 'Statistics of one feature', params: statisticsParams,
  responses: { 200: json('The feature.', featureStatistics), ...problemResponses(404) },
});
export const readFeatures = endpoint({
  method: 'GET', path: '/features/:entity_type/:entity_id', tag, role: 'read', summary: 'Features of an entity', description: 'An unknown entity is 200 with NOT_FOUND statuses.',
  params: featuresParams, query: featuresQuery, responses: { 200: json('Values, evaluated at `as_of`.', entityFeatures), ...problemResponses(404, 422) },
});
export const readFeaturesBatch = endpoint({
  method: 'POST', path: '/features/batch', tag, role: 'read', largeBody: true, summary: 'Features of many entities of one type', body: { schema: batchReadBody },
  responses: { 200: json('In the order asked, duplicates included.', batchReadAnswer), ...problemResponses(400, 404, 413, 415, 422) },
});
export const joinFeatures = endpoint({
  method: 'POST', path: '/features/join', tag, role: 'read', largeBody: true, summary: 'Features of several entities per row', body: { schema: joinBody },
  responses: { 200: json('A row per row.', joinAnswer), ...problemResponses(400, 404, 413, 415, 422) },
});
export const realtimeFeatures = endpoint({
  method: 'POST', path: '/features/realtime', tag, role: 'read', summary: 'Features of a user and of items', description: 'The entity types `user` and `item`.', body: { schema: realtimeBody },
  responses: { 200: json('Values as of `timestamp`.', realtimeAnswer), ...problemResponses(400, 404, 413, 415, 422) },
});

@Controller(['', 'v1'])
export class FeaturesController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(statistics)
  async all(): Promise<unknown> {
    return { features: (await this.gateway.deps.features.statistics(undefined)).map(statisticsRecord), next: null };
  }

  @Answers(statisticsOfFeature)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const [found] = await this.gateway.deps.features.statistics(statisticsOfFeature.params(request).feature);
    if (found === undefined) throw problems.notFound('no feature has this name');
    return statisticsRecord(found);
  }

  @Answers(readFeatures)
  async read(@Req() request: FastifyRequest): Promise<unknown> {
    const { entity_type, entity_id } = readFeatures.params(request);
    const { service, views, at } = readFeatures.query(request);
    const [record] = await this.records(entity_type, [entity_id], { service, views, atMs: at });
    return record;
  }

  @Answers(readFeaturesBatch)
  async batch(@Req() request: FastifyRequest): Promise<unknown> {
    const { entity_type, entity_ids, service, views, at } = readFeaturesBatch.body(request);
    return { results: await this.records(entity_type, entity_ids, { service, views, atMs: at }) };
  }

  @Answers(joinFeatures)
  async join(@Req() request: FastifyRequest): Promise<unknown> {
    const { rows, service, views, at } = joinFeatures.body(request);
    const read = await this.gateway.deps.features.join(rows, { service, views, atMs: at });
    return { rows: rows.map((row, index) => ({ ...row, features: read.rows[index]?.features ?? {}, statuses: read.rows[index]?.statuses ?? {} })), as_of: toIso(read.asOfMs) };
  }

  @Answers(realtimeFeatures)
  async realtime(@Req() request: FastifyRequest): Promise<unknown> {
    const { user_id, item_ids } = realtimeFeatures.body(request);
    const { features } = this.gateway.deps;
    const users = await features.read('user', [user_id], everything);
    const items = await features.read('item', item_ids, { ...everything, atMs: users.asOfMs });
    return { user_features: users.rows[0]?.features ?? {}, item_features: item_ids.map((item_id, index) => ({ item_id, ...items.rows[index]?.features })), timestamp: toIso(users.asOfMs) };
  }

  private async records(entityType: string, keys: readonly string[], selection: Parameters<typeof this.gateway.deps.features.read>[2]): Promise<unknown[]> {
    const { rows, asOfMs } = await this.gateway.deps.features.read(entityType, keys, selection);
    return keys.map((key, index) => featureRecord(entityType, key, rows[index], asOfMs));
  }
}

const everything = { service: undefined, views: undefined, atMs: undefined };

function featureRecord(entityType: string, key: string, read: FeatureRead | undefined, asOfMs: number): unknown {
  if (read === undefined) throw new Error(`no row for an entity of ${entityType}`);
  const eventTimes = Object.fromEntries(Object.entries(read.eventTimesMs).map(([feature, ms]) => [feature, toIsoOrNull(ms)]));
  return { entity_type: entityType, entity_id: key, features: read.features, statuses: read.statuses, event_times: eventTimes, as_of: toIso(asOfMs) };
}

function statisticsRecord({ feature, missingRate, lastUpdatedMs, ...numbers }: FeatureStatistics): unknown {
  return { feature_name: feature, ...numbers, missing_rate: missingRate, last_updated: toIsoOrNull(lastUpdatedMs) };
}
