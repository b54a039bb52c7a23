import { WeirError, type FeatureStatus, type FeatureValue } from '@weir/contracts';
import type { DefinitionSet, Entity } from '@weir/definitions';
import { entityKey } from '@weir/contracts';
import type { FeatureReadAnswer, FeatureReadQuestion } from '@weir/feature-store';
import type { FeatureRead, FeatureSelection, FeatureStatistics, Features } from '@weir/gateway';
import type { Tokeniser } from '@weir/pipeline';
import type { Clock } from '@weir/ports';
import type { FeatureStatisticsTable } from './feature-statistics';
import { tokenOfField } from './field-tokens';
import { laneOf } from './lane-choice';

/** Reads an entity's features from the state of a lane; undefined before definitions are in force. */
export interface FeatureReader { read(question: FeatureReadQuestion): FeatureReadAnswer | undefined | Promise<FeatureReadAnswer | undefined> }

export interface LaneFeaturesOptions {
  readonly set: () => DefinitionSet;
  /** Who answers for each lane. */
  readonly stages: readonly FeatureReader[];
  readonly clock: Clock;
  readonly tokeniser: Tokeniser;
  readonly statistics: FeatureStatisticsTable;
}

/** Reads of features as of now, from the state of the lane that owns the entity. */
export class LaneFeatures implements Features {
  constructor(private readonly options: LaneFeaturesOptions) {}

  async read(entityType: string, keys: readonly string[], selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }> {
    const asOfMs = selection.atMs ?? this.options.clock.nowMs();
    const type = this.entityTypeOf(entityType);
    return { asOfMs, rows: await Promise.all(keys.map((key) => this.readOne(type, this.tokenised(type, key), selection, asOfMs))) };
  }

  async join(rows: ReadonlyArray<Readonly<Record<string, unknown>>>, selection: FeatureSelection): Promise<{ readonly rows: readonly FeatureRead[]; readonly asOfMs: number }> {
    const asOfMs = selection.atMs ?? this.options.clock.nowMs();
    return { asOfMs, rows: await Promise.all(rows.map((row) => this.joinRow(row, selection, asOfMs))) };
  }

  statistics(feature: string | undefined): Promise<readonly FeatureStatistics[]> { return Promise.resolve(this.options.statistics.read(feature)); }

  /** An entity type by its name, by the one field of its key (`card_id`), or by that without `_id` (`user` of an entity whose key is `user_id`). */
  entityTypeOf(name: string): string {
    const { entities } = this.options.set();
    if (entities.has(name)) return name;
    for (const field of [name, `${name}_id`]) {
      for (const entity of entities.values()) if (entity.keys.length === 1 && entity.keys[0] === field) return entity.name;
    }
    return name;
  }

  private async joinRow(given: Readonly<Record<string, unknown>>, selection: FeatureSelection, asOfMs: number): Promise<FeatureRead> {
    const set = this.options.set();
    const row = { ...given };
    // An entity's type stands for its key field where the field itself is not there.
    for (const entity of set.entities.values()) {
      const [field = ''] = entity.keys;
      if (entity.keys.length === 1 && entity.name in row && !(field in row)) row[field] = row[entity.name];
    }
    const joined: { features: Record<string, FeatureValue>; statuses: Record<string, FeatureStatus>; eventTimesMs: Record<string, number | null> } = { features: {}, statuses: {}, eventTimesMs: {} };
    for (const entity of set.entities.values()) {
      if (!entity.keys.every((field) => field in row)) continue;
      const key = entityKey(entity.keys.map((field) => { const value = row[field]; return typeof value === 'string' ? this.tokenOfField(field, value) : typeof value === 'number' || typeof value === 'boolean' ? value : null; }));
      const read = await this.readOne(entity.name, key ?? '', selection, asOfMs);
      Object.assign(joined.features, read.features);
      Object.assign(joined.statuses, read.statuses);
      Object.assign(joined.eventTimesMs, read.eventTimesMs);
    }
    return joined;
  }

  private async readOne(entityType: string, key: string, selection: FeatureSelection, atMs: number): Promise<FeatureRead> {
    const { stages, set } = this.options;
    if (!set().entities.has(entityType)) throw new WeirError('WEIR_NOT_FOUND', `there is no entity type ${entityType}; there are ${[...set().entities.keys()].join(', ') || 'none'}`);
    const stage = stages[laneOf(key, stages.length)] ?? stages[0];
    const answer = await stage?.read({ entityType, key, atMs, views: selection.views, service: selection.service });
    if (answer === undefined) throw new WeirError('WEIR_NOT_FOUND', 'no definitions are in force yet: apply some first');
    return { features: answer.features, statuses: answer.statuses, eventTimesMs: answer.event_times };
  }

  /** The key of an entity whose fields are tokenised is known by its tokens. @throws WeirError WEIR_INPUT_INVALID for a key of several fields that has not as many parts, or parts that cannot be decoded. */
  tokenised(entityType: string, key: string): string {
    const entity = this.options.set().entities.get(this.entityTypeOf(entityType));
    if (entity === undefined) return key;
    if (entity.keys.length === 1) return this.tokenOfField(entity.keys[0] ?? '', key);
    return entityKey(partsOf(key, entity).map((part, index) => this.tokenOfField(entity.keys[index] ?? '', part))) ?? key;
  }

  tokenOfField(field: string, value: string): string {
    return tokenOfField(this.options.set(), this.options.tokeniser, { field, value });
  }
}

function partsOf(key: string, { name, keys }: Entity): string[] {
  const parts = key.split('|');
  try {
    if (parts.length === keys.length) return parts.map((part) => decodeURIComponent(part));
  } catch (error) {
    if (!isDecodingFault(error)) throw error;
  }
  const expected = `${keys.join('|')}: ${keys.length} parts joined by |, each percent-encoded`;
  throw new WeirError('WEIR_INPUT_INVALID', `a key of ${name} is ${expected}; got ${key}`, { findings: [{ where: 'request', field: 'entity_id', expected, got: key }] });
}

/** By its name: it may be of another realm. */
const isDecodingFault = (error: unknown): boolean => typeof error === 'object' && error !== null && 'name' in error && error.name === 'URIError';
