import type { Health, Logger, Metrics, Tracing } from '@weir/platform';
import type { Clock } from '@weir/ports';
import type { Alerts, Matches } from './dependencies/alerts';
import type { Backtests } from './dependencies/backtests';
import type { Cases, Entities } from './dependencies/cases';
import type { Decisions } from './dependencies/decisions';
import type { Definitions, Proposals } from './dependencies/definitions';
import type { Edge } from './dependencies/edge';
import type { Features, HotKeys } from './dependencies/features';
import type { Lists, Snoozes, Tables } from './dependencies/lists';
import type { Live } from './dependencies/live';
import type { Labels, Models, Monitors } from './dependencies/models';
import type { Audit, Keys, Quarantine } from './dependencies/operations';
import type { Reprocessing } from './dependencies/reprocessing';
import type { History, Status } from './dependencies/status';
import type { Verification } from './dependencies/verification';

/**
 * What the gateway needs from outside. All times are ms since the epoch. Keys of entities, values of lists and ids come as the caller
 * wrote them: where a field is declared `tokenise`, the implementation turns them into tokens, and so nothing behind it sees the raw
 * value. A method throws WeirError: WEIR_NOT_FOUND (404), WEIR_CONFLICT (409), WEIR_INPUT_INVALID and WEIR_*_INVALID (422, with their
 * findings), WEIR_LIMIT_REACHED and anything retriable (503, to be tried again). Any other error is a 500.
 */
export interface GatewayDependencies {
  readonly edge: Edge;
  readonly decisions: Decisions;
  readonly cases: Cases;
  readonly entities: Entities;
  readonly features: Features;
  readonly definitions: Definitions;
  readonly proposals: Proposals;
  readonly lists: Lists;
  readonly snoozes: Snoozes;
  readonly tables: Tables;
  readonly labels: Labels;
  readonly models: Models;
  readonly monitors: Monitors;
  readonly backtests: Backtests;
  readonly reprocessing: Reprocessing;
  readonly verification: Verification;
  readonly hotKeys: HotKeys;
  readonly status: Status;
  /** Undefined where none is kept. */
  readonly history?: History | undefined;
  readonly quarantine: Quarantine;
  readonly keys: Keys;
  readonly audit: Audit;
  readonly alerts: Alerts;
  readonly matches: Matches;
  readonly live: Live;
  /** Undefined where no traces are taken. */
  readonly tracing?: Tracing | undefined;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
}
