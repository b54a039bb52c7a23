import type { RedisOnlineStore } from '@weir/adapters/redis';
import type { PatternStage } from '@weir/cep';
import type { DefinitionSet } from '@weir/definitions';
import type { EventLog, OnlineStore } from '@weir/ports';
import type { ListStore, Snoozes } from '@weir/rules';
import { PublishedStates } from '../replay/lane-states';
import type { TableRows } from '../suite/lane-changes';
import type { LaneViews } from '../suite/lane-views';
import { LanePositions } from './lane-positions';
import { openState } from './open-servers';
import type { ServiceConfig } from './service-config';
import { StoredFeatures, StoredLists, StoredPatterns, StoredTables } from './stored-state';

export interface PublishedLanesOptions {
  readonly config: ServiceConfig;
  readonly log: EventLog;
  readonly set: () => DefinitionSet;
  readonly onError: (error: unknown) => void;
  /** Called at every look at the positions. */
  readonly onLook: () => Promise<void>;
}

/** The lanes as the services publish their states, for a gateway in a process of its own. */
export class PublishedLanes implements LaneViews {
  readonly positions: LanePositions;
  readonly states: readonly PublishedStates[];
  readonly features: readonly StoredFeatures[];
  readonly progress;
  private readonly featureState: RedisOnlineStore;
  private readonly patternState: OnlineStore;
  private readonly scoringState: OnlineStore;
  private readonly ingestState: OnlineStore;
  private readonly listed: StoredLists;
  private readonly tableRows: StoredTables;
  private readonly patternStages: StoredPatterns;

  constructor({ config, log, set, onError, onLook }: PublishedLanesOptions) {
    const lanes = Array.from({ length: config.lanes }, (_, lane) => lane);
    this.featureState = openState(config, 'feature-store');
    this.patternState = openState(config, 'cep');
    this.scoringState = openState(config, 'scoring');
    this.ingestState = openState(config, 'ingest');
    const positions = this.positions = new LanePositions({ log, states: [this.featureState, this.scoringState], onError, onLook });
    this.progress = lanes.map((lane) => ({ get position() { return positions.decided(lane); }, get publishedPosition() { return positions.decided(lane); } }));
    this.states = lanes.map((lane) => new PublishedStates(this.featureState, lane));
    this.features = lanes.map((lane) => new StoredFeatures(this.featureState, lane, config.lanes));
    this.listed = new StoredLists(this.scoringState, set);
    this.tableRows = new StoredTables(this.featureState);
    this.patternStages = new StoredPatterns(this.patternState, config.lanes);
  }

  get nextOffsets(): readonly number[] { return this.positions.nextOffsets; }
  patterns(): Promise<readonly PatternStage[]> { return this.patternStages.stages(); }
  lists(): Promise<ListStore> { return this.listed.lists(); }
  snoozes(): Promise<Snoozes> { return this.listed.snoozes(); }
  tables(): TableRows { return this.tableRows; }
  reached(offsetByLane: readonly number[]): Promise<void> { return this.positions.reached(offsetByLane); }
  /** They brought what they were given into their own state. */
  buildsInUse(): Promise<ReadonlySet<string>> { return Promise.resolve(new Set()); }

  /** Whether ingest has published what it makes of a record, refusals before it. */
  async hasIngested(lane: number, offset: number): Promise<boolean> { return (await this.ingestState.position(lane)) >= offset; }

  /** Whether patterns and scoring have published what a record led to, its matches and alerts before it. */
  async havePublished(lane: number, offset: number): Promise<boolean> { return (await this.patternState.position(lane)) >= offset && (await this.scoringState.position(lane)) >= offset; }

  /** The set that ingest holds in each lane; undefined while a lane is not through these records. */
  async setsAfter(offsetByLane: readonly number[]): Promise<ReadonlyArray<HeldSet | undefined> | undefined> {
    const sets: Array<HeldSet | undefined> = [];
    for (const [lane, offset] of offsetByLane.entries()) {
      if ((await this.ingestState.position(lane)) < offset) return undefined;
      const [set] = await this.ingestState.read(lane, ['ingest/set']);
      sets.push(set === undefined ? undefined : JSON.parse(Buffer.from(set).subarray(1).toString('utf8')) as HeldSet); // written by the ingest stage alone
    }
    return sets;
  }

  async close(): Promise<void> {
    for (const state of [this.featureState, this.patternState, this.scoringState, this.ingestState]) await state.close();
  }
}

interface HeldSet { readonly id: string; readonly json: string }
