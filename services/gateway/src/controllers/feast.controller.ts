import { Controller, Req } from '@nestjs/common';
import type { FeatureStatus } from '@weir/contracts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { FeatureRead } from '../dependencies/features';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { rowsPerReadMax } from '../schemas/features.schema';
import { isoTime, name, toIso } from '../schemas/shared.schema';

const body = z.strictObject({
  features: z.array(z.string().regex(/^[^:]+:[^:]+$/, 'VIEW:FEATURE')).min(1).max(1_000).optional().meta({ description: '`view:feature`, or `view:*`.' }),
  feature_service: name.optional(),
  entities: z.record(z.string(), z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).max(rowsPerReadMax)).meta({ description: 'Key fields (or entity types) by name, equally long columns.' }),
  full_feature_names: z.boolean().default(false).meta({ description: '`view__feature` instead of `feature`; only with `features`.' }),
}).refine(({ features, feature_service }) => (features === undefined) !== (feature_service === undefined), { message: 'either features or feature_service', path: ['features'] });

const fieldStatus = z.enum(['PRESENT', 'NULL_VALUE', 'NOT_FOUND', 'OUTSIDE_MAX_AGE', 'INVALID']);
const answer = z.object({
  metadata: z.object({ feature_names: z.array(z.string()) }),
  results: z.array(z.object({ values: z.array(z.unknown()), statuses: z.array(fieldStatus), event_timestamps: z.array(isoTime) })),
}).meta({ id: 'OnlineFeatures', description: "A column per name of `metadata.feature_names`, keys first, each with a value per entity. A time that is not known is 1970." });

export const onlineFeatures = endpoint({
  method: 'POST', path: '/get-online-features', tag: 'Features', role: 'read', largeBody: true, summary: "Features by column, as Feast's feature server", body: { schema: body },
  responses: { 200: json('By column.', answer), ...problemResponses(400, 404, 413, 415, 422) },
});

@Controller(['', 'v1'])
export class FeastController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(onlineFeatures)
  async read(@Req() request: FastifyRequest): Promise<unknown> {
    const { features, feature_service, entities, full_feature_names } = onlineFeatures.body(request);
    if (full_feature_names && features === undefined) throw problems.invalid('full_feature_names needs features', [{ field: 'full_feature_names', expected: 'false with feature_service', got: 'true' }]);
    const rows = rowsOf(entities);
    const views = features === undefined ? undefined : [...new Set(features.map((feature) => viewOf(feature)))];
    const read = await this.gateway.deps.features.join(rows, { service: feature_service, views, atMs: undefined });
    const columns = features === undefined ? namesIn(read.rows).map((one) => ({ name: one, shown: one })) : features.flatMap((feature, index) => columnsOf(feature, read.rows, { index, full: full_feature_names }));
    return {
      metadata: { feature_names: [...Object.keys(entities), ...columns.map(({ shown }) => shown)] },
      results: [...Object.values(entities).map(keyColumn), ...columns.map((column) => featureColumn(column.name, read.rows))],
    };
  }
}

type Rows = readonly FeatureRead[];
interface Column { /** As the read has it. */ readonly name: string; /** As the caller sees it. */ readonly shown: string }

const epoch = toIso(0);
const viewOf = (feature: string): string => feature.slice(0, feature.indexOf(':'));
const namesIn = (rows: Rows): string[] => [...new Set(rows.flatMap(({ features }) => Object.keys(features)))];

function rowsOf(columns: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown>[] {
  const names = Object.keys(columns);
  const count = columns[names[0] ?? '']?.length ?? 0;
  const uneven = names.find((one) => columns[one]?.length !== count);
  if (uneven !== undefined) throw problems.invalid('the columns are not equally long', [{ field: `entities.${uneven}`, expected: `${count} values`, got: `${columns[uneven]?.length ?? 0}` }]);
  return Array.from({ length: count }, (_, index) => Object.fromEntries(names.map((one) => [one, columns[one]?.[index]])));
}

/** A read calls a feature by its short name, or `view.feature` where two have it. */
function columnsOf(feature: string, rows: Rows, options: { readonly index: number; readonly full: boolean }): Column[] {
  const [view = '', short = ''] = feature.split(':');
  const shownAs = (one: string): string => (options.full ? `${view}__${one}` : one);
  if (short === '*') return namesIn(rows).map((one) => ({ name: one, shown: shownAs(one.startsWith(`${view}.`) ? one.slice(view.length + 1) : one) }));
  const known = rows.length === 0 ? short : [short, `${view}.${short}`].find((one) => rows.some(({ features }) => one in features));
  if (known === undefined) throw problems.invalid(`${feature} is no feature of these entities`, [{ field: `features.${options.index}`, expected: 'a feature whose key is among the entities', got: feature }]);
  return [{ name: known, shown: shownAs(short) }];
}

const keyColumn = (values: readonly unknown[]): unknown => ({ values, statuses: values.map((value) => (value === null ? 'NULL_VALUE' : 'PRESENT')), event_timestamps: values.map(() => epoch) });

function featureColumn(feature: string, rows: Rows): unknown {
  return {
    values: rows.map(({ features }) => features[feature] ?? null), statuses: rows.map((row) => feastStatus(row.statuses[feature], row.features[feature])),
    event_timestamps: rows.map(({ eventTimesMs }) => toIso(eventTimesMs[feature] ?? 0)),
  };
}

/** Feast knows neither WARMING nor APPROXIMATE: such a value is there, or null. */
function feastStatus(status: FeatureStatus | undefined, value: unknown): z.infer<typeof fieldStatus> {
  if (status === 'ERROR') return 'INVALID';
  if (status === undefined || status === 'NOT_FOUND') return 'NOT_FOUND';
  if (status === 'OUTSIDE_MAX_AGE') return status;
  return value === null || value === undefined ? 'NULL_VALUE' : 'PRESENT';
}
