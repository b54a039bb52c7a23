import { z } from 'zod';
import { featureStatusByName, featureValues } from './decision.schema';
import { id, isoTime, jsonObject, name, nameList, timeMs } from './shared.schema';

export const rowsPerReadMax = 10_000;

const eventTimes = z.record(z.string(), isoTime.nullable()).meta({ description: "Time of the entity's newest event in the feature's view, by feature name." });
const views = z.array(name).min(1).max(200);
const serviceOrViews = ({ service, views }: { readonly service?: unknown; readonly views?: unknown }): boolean => service === undefined || views === undefined;
const eitherOfThem = { message: 'service or views, not both', path: ['views'] };

export const featuresParams = z.object({ entity_type: name, entity_id: id.meta({ description: 'Several key fields are joined by `|`, each part percent-encoded.' }) });
export const featuresQuery = z.strictObject({
  service: name.optional().meta({ description: 'A FeatureService; its features of this entity.' }),
  views: nameList.optional().meta({ description: 'Names of views, comma-separated.' }),
  at: timeMs.optional().meta({ description: 'Default: now.' }),
}).refine(serviceOrViews, eitherOfThem);
export const entityFeatures = z
  .object({ entity_type: z.string(), entity_id: z.string(), features: featureValues, statuses: featureStatusByName, event_times: eventTimes, as_of: isoTime })
  .meta({ id: 'EntityFeatures' });

export const batchReadBody = z.strictObject({ entity_type: name, entity_ids: z.array(id).max(rowsPerReadMax), service: name.optional(), views: views.optional(), at: timeMs.optional() }).refine(serviceOrViews, eitherOfThem);
export const batchReadAnswer = z.object({ results: z.array(entityFeatures) });

export const joinBody = z.strictObject({ rows: z.array(jsonObject).max(rowsPerReadMax), service: name.optional(), views: views.optional(), at: timeMs.optional() }).refine(serviceOrViews, eitherOfThem);
export const joinAnswer = z.object({ rows: z.array(z.looseObject({ features: featureValues, statuses: featureStatusByName })), as_of: isoTime });

export const realtimeBody = z.strictObject({ user_id: id, item_ids: z.array(id).max(rowsPerReadMax) });
export const realtimeAnswer = z.object({
  user_features: featureValues,
  item_features: z.array(z.looseObject({ item_id: z.string() })).meta({ description: 'In the order asked, duplicates included.' }),
  timestamp: isoTime,
});

export const featureStatistics = z
  .object({
    feature_name: z.string(), count: z.number(), mean: z.number().nullable(), std: z.number().nullable(), min: z.number().nullable(), max: z.number().nullable(),
    p50: z.number().nullable(), p95: z.number().nullable(), p99: z.number().nullable(), missing_rate: z.number().nullable(), distinct: z.number(), last_updated: isoTime.nullable(),
  })
  .meta({ id: 'FeatureStatistics', description: 'Over the values that decisions were made from, in the window of statistics.' });
export const statisticsPage = z.object({ features: z.array(featureStatistics), next: z.null() });
export const statisticsParams = z.object({ feature: name });
