import { resolveCanonicalSet } from '@weir/definitions';
import { FeatureStage, type ForeignShards } from '@weir/feature-store';
import { IngestStage } from '@weir/ingest';
import { PreparedStage, type Chain, type Preparation } from '@weir/pipeline';
import { PatternStage } from '@weir/cep';
import type { ModelRuntime } from '@weir/ports';
import { ScoringStage, type ScoringOptions } from '@weir/scoring';

export interface ChainOptions {
  readonly lane: number;
  readonly runtime: ModelRuntime;
  /** Bytes of a model's file, by its path as defined and its SHA-256 where that is known. */
  readonly loadFile: (path: string, sha256: string | null) => Promise<Uint8Array>;
  /** Where there are several lanes: what the others hold. */
  readonly foreign?: ForeignShards;
  /** States of back-fills. */
  readonly built?: (id: string, stateKey: string) => Uint8Array | undefined;
  /** What stands in front of the feature stage. */
  readonly prepare?: readonly Preparation[];
  /** Live only: how long a model may take for a batch, and who is told how it did. */
  readonly models?: Pick<ScoringOptions, 'budgets' | 'observe'>;
}

/** The stages of one lane, with their own types where somebody reads from them. */
export interface Stages extends Chain {
  readonly ingest: IngestStage;
  readonly features: FeatureStage;
  readonly patterns: PatternStage;
  readonly scoring: ScoringStage;
}

/** The five stages of a lane in their order; the same objects live, offline and in a back-test. */
export function buildStages(options: ChainOptions): Stages {
  const ingest = new IngestStage({ resolveSet: resolveCanonicalSet });
  const features = new FeatureStage({ lane: options.lane, ...(options.foreign === undefined ? {} : { foreign: options.foreign }), ...(options.built === undefined ? {} : { built: options.built }) });
  const patterns = new PatternStage();
  const scoring = new ScoringStage({ lane: options.lane, runtime: options.runtime, loadFile: options.loadFile, ...options.models });
  const prepared = options.prepare === undefined || options.prepare.length === 0 ? features : new PreparedStage(features, options.prepare);
  return { ingest, features, patterns, scoring, stages: [prepared, patterns, scoring] };
}
