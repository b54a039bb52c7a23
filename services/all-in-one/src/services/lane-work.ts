import { PatternWork } from '@weir/cep';
import type { Decision, LaneItem } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { FeatureWork, StoredShards } from '@weir/feature-store';
import { IngestWork } from '@weir/ingest';
import { DecisionProto, type LaneWork, type ReplySender } from '@weir/pipeline';
import type { Clock, EventLog, ModelRuntime, NewRecord, OnlineStore } from '@weir/ports';
import { ScoringWork, type Alert, type ModelAnswered } from '@weir/scoring';
import { encodeAlert } from '../suite/alerts/alert-record';
import { EntityReader } from '../history/entity-reader';
import { entityOfLane } from '../suite/decision-rows';
import { encodeMatch, storedMatch } from '../suite/matches/match-record';
import { tellOtherLanes } from '../suite/list-additions';
import type { ModelArtifacts } from '../suite/model-artifacts';
import { laneReader } from '../replay/lane-reader';
import { LaneBackfills, type OpenBuildStore } from './lane-backfills';
import type { StageName } from './service-config';

export interface WorkNeeds {
  readonly lanes: number;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly replies: ReplySender;
  /** State of this service. */
  readonly store: OnlineStore;
  /** What gateways left of views that they built. */
  readonly openBuild: OpenBuildStore;
  readonly artifacts: ModelArtifacts;
  /** Told of every decision. */
  readonly decided?: (decision: Decision) => void;
  /** Told of every alert. */
  readonly raised?: (alert: Alert) => void;
  /** Told of every answer of a model. */
  readonly answered?: (answered: ModelAnswered) => void;
  readonly runtime: ModelRuntime;
  /** Longest wait for a model's answer to a batch, ms; null: for ever. */
  readonly modelBudgetMs: number | null;
}

/** A service's part of a lane, new and empty. */
export function buildWork(name: StageName, lane: number, needs: WorkNeeds): LaneWork {
  switch (name) {
    case 'ingest': return new IngestWork({ lane, replies: needs.replies });
    case 'feature-store': return new FeatureWork({ lane, ...new LaneBackfills({ lane, read: laneReader(needs.log), open: needs.openBuild }).work, ...(needs.lanes === 1 ? {} : { foreign: new StoredShards(needs.store, lane, needs.lanes) }) });
    case 'cep': return patternWork(lane);
    case 'scoring': return scoringWork(lane, needs);
  }
}

function patternWork(lane: number): PatternWork {
  const work: PatternWork = new PatternWork(lane, (match, item, place) => encodeMatch(storedMatch(match, { lane, offset: item.offset }, place, work.set?.patterns.get(match.pattern)?.entity ?? null)));
  return work;
}

function scoringWork(lane: number, { clock, replies, artifacts, runtime, modelBudgetMs, decided, log, lanes, raised, answered }: WorkNeeds): ScoringWork {
  const proto = new DecisionProto();
  let readerOf: { readonly set: DefinitionSet; readonly reader: EntityReader } | undefined;
  const alertRecord = (alert: Alert, item: LaneItem): NewRecord => {
    const { set } = work.stage;
    if (set !== undefined && readerOf?.set !== set) readerOf = { set, reader: new EntityReader(set) };
    const entities = item.kind === 'event' ? readerOf?.reader.of(item) ?? [] : [];
    raised?.(alert);
    return encodeAlert({ alert, entity: entityOfLane(entities, item.kind === 'event' ? set?.sources.get(item.event.source)?.partitionBy : null), origin: { lane, offset: item.offset } });
  };
  const work: ScoringWork = new ScoringWork({
    lane, clock, replies, runtime, observe: answered, ...(modelBudgetMs === null ? {} : { budgets: { modelMs: modelBudgetMs } }), loadFile: (path, sha256) => artifacts.read(path, sha256), encodeDecision: (decision) => proto.encode(decision), decided, alertRecord,
    ...(lanes === 1 ? {} : { tellOtherLanes: (additions) => tellOtherLanes(log, lane, additions) }),
  });
  return work;
}

