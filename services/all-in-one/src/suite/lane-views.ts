import type { PatternStage } from '@weir/cep';
import type { LaneRunner } from '@weir/pipeline';
import type { ListStore, Snoozes } from '@weir/rules';
import type { LaneStates } from '../replay/lane-states';
import type { TableRows } from './lane-changes';
import type { FeatureReader } from './lane-features';

/** The lanes as their gateway sees them: stages of this process, or what services publish of theirs. */
export interface LaneViews {
  /** One past the last record of each lane, as far as is known. */
  readonly nextOffsets: readonly number[];
  /** How far each lane is, and the state of it that is stored. */
  readonly progress: ReadonlyArray<Pick<LaneRunner, 'position' | 'publishedPosition'>>;
  /** One a lane. */
  readonly features: readonly FeatureReader[];
  /** One a lane. */
  readonly states: readonly LaneStates[];
  /** One a lane. */
  patterns(): readonly PatternStage[] | Promise<readonly PatternStage[]>;
  /** Every lane holds the same of the interface: those of the first. */
  lists(): ListStore | Promise<ListStore>;
  snoozes(): Snoozes | Promise<Snoozes>;
  tables(): TableRows;
  /** Resolves when each lane has applied its record. */
  reached(offsetByLane: readonly number[]): Promise<void>;
  /** Builds that the state as it is stored goes back to, beside those of the views in force. */
  buildsInUse(): Promise<ReadonlySet<string>>;
}
