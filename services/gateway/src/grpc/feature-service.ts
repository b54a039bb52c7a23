import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { FeatureRead, FeatureSelection, FeatureStatistics } from '../dependencies/features';
import { problems } from '../http/problem';
import { validate } from '../http/validation';
import { batchReadBody, featuresParams, joinBody } from '../schemas/features.schema';
import { unary, type CallContext } from './calls';
import { featureMessages } from './decision-message';
import type { Message } from './descriptor-set';
import { fromStruct, fromTimestamp, listOf, messageOf, textOf, toStruct, toTimestamp } from './values';

/** `weir.v1.FeatureService`: what the paths below `/features` answer. */
export function featureService(context: CallContext): UntypedServiceImplementation {
  const { features } = context.gateway.deps;
  return {
    GetFeatures: unary(context, 'GetFeatures', 'read', async (request) => {
      const { entity_type, entity_id } = validate(featuresParams, { entity_type: request['entity_type'], entity_id: request['entity_id'] }, '');
      const { rows, asOfMs } = await features.read(entity_type, [entity_id], selectionOf(request['selection']));
      return { entity: entityMessage(entity_type, entity_id, rows[0]), as_of: toTimestamp(asOfMs) };
    }),
    BatchGetFeatures: unary(context, 'BatchGetFeatures', 'read', async (request) => {
      const { entity_type, entity_ids } = validate(batchReadBody, { entity_type: request['entity_type'], entity_ids: request['entity_ids'] }, '');
      const { rows, asOfMs } = await features.read(entity_type, entity_ids, selectionOf(request['selection']));
      return { entities: entity_ids.map((id, index) => entityMessage(entity_type, id, rows[index])), as_of: toTimestamp(asOfMs) };
    }),
    JoinFeatures: unary(context, 'JoinFeatures', 'read', async (request) => {
      const { rows } = validate(joinBody, { rows: listOf(request['rows']).map(fromStruct) }, '');
      const read = await features.join(rows, selectionOf(request['selection']));
      return { rows: rows.map((row, index) => ({ row: toStruct(row), features: featuresOf(read.rows[index]) })), as_of: toTimestamp(read.asOfMs) };
    }),
    GetStatistics: unary(context, 'GetStatistics', 'read', async (request) => {
      const feature = textOf(request['feature']);
      const found = await features.statistics(feature);
      if (feature !== undefined && found.length === 0) throw problems.notFound('no feature has this name');
      return { features: found.map(statisticsMessage) };
    }),
  };
}

function selectionOf(given: unknown): FeatureSelection {
  const { service, views, at } = messageOf(given);
  const names = listOf(views).map(String);
  return { service: textOf(service), views: names.length === 0 ? undefined : names, atMs: fromTimestamp(at) };
}

const entityMessage = (entityType: string, entityId: string, read: FeatureRead | undefined): Message => ({ entity_type: entityType, entity_id: entityId, features: featuresOf(read) });

function featuresOf(read: FeatureRead | undefined): Message[] {
  if (read === undefined) throw new Error('a read gave fewer rows than were asked for');
  return featureMessages(read);
}

function statisticsMessage({ feature, count, distinct, missingRate, lastUpdatedMs, ...numbers }: FeatureStatistics): Message {
  const given = Object.fromEntries(Object.entries({ ...numbers, missing_rate: missingRate }).filter(([, value]) => value !== null));
  return { feature_name: feature, count, distinct, ...given, last_updated: toTimestamp(lastUpdatedMs) };
}
