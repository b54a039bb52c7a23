import type { Status, SuiteStatus } from '@weir/gateway';
import type { LaneRunner } from '@weir/pipeline';
import type { EventLog } from '@weir/ports';
import type { DefinitionsService } from './definitions-service';

export interface LaneStatusOptions { readonly log: EventLog; readonly runners: ReadonlyArray<Pick<LaneRunner, 'position' | 'publishedPosition'>>; readonly definitions: DefinitionsService; readonly startedAtMs: number }

/** What runs: the set in force, and how far each lane is behind its log. */
export class LaneStatus implements Status {
  constructor(private readonly options: LaneStatusOptions) {}

  async now(): Promise<SuiteStatus> {
    const { log, runners, definitions, startedAtMs } = this.options;
    const { set, appliedAtMs } = await definitions.current();
    const lanes = await Promise.all(runners.map(async (runner, lane) => {
      const { next } = await log.bounds('transactions.raw', lane);
      return { lane, records: next, position: runner.position, lag: Math.max(0, next - 1 - runner.position), statePosition: runner.publishedPosition };
    }));
    return { startedAtMs, set, appliedAtMs, lanes };
  }
}
