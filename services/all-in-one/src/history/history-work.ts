import { resolveCanonicalSet } from '@weir/definitions';
import { IngestStage } from '@weir/ingest';
import { decodeRawRecord, type InputRecord, type LaneWork, type Outcome, type SimulationStep, type StageState, type WorkOutput } from '@weir/pipeline';
import type { Topic } from '@weir/ports';
import type { LmdbOutcomeLog } from '@weir/adapters/lmdb';
import { EntityReader } from './entity-reader';
import { OutcomePacker } from './outcome-block';

/**
 * What becomes of each record of a lane, kept for history where ingest is another process: judged once more from the lane, which is what ingest judged by. Outcomes come
 * first and the state after, so a crash leaves no gap; what is kept already is not kept again.
 */
export class HistoryWork implements LaneWork {
  readonly name = 'history';
  readonly input: Topic = 'transactions.raw';
  readonly outputs: readonly Topic[] = [];
  private readonly stage = new IngestStage({ resolveSet: resolveCanonicalSet });
  private entities: EntityReader | undefined;

  constructor(private readonly options: { readonly lane: number; readonly outcomes: LmdbOutcomeLog; readonly written: () => void }) {}

  async restore(state: StageState): Promise<void> {
    await this.stage.restore(state);
    this.entities = this.stage.setJson === undefined ? undefined : new EntityReader(resolveCanonicalSet(this.stage.setJson));
  }

  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> { return this.stage.takeChanges(); }

  take(inputs: readonly InputRecord[]): WorkOutput {
    const { lane, outcomes, written } = this.options, kept = outcomes.last(lane);
    // A decided event is told of by its decision, which comes by its own way.
    const packer = new OutcomePacker({ isTold: (outcome) => outcome.decide });
    let first: number | undefined;
    for (const outcome of this.stage.process(inputs.map(({ record }) => decodeRawRecord(lane, record)))) {
      if (outcome.kind === 'definitions' && outcome.json !== undefined) this.entities = new EntityReader(resolveCanonicalSet(outcome.json));
      if (outcome.offset <= kept) continue;
      first ??= outcome.offset;
      packer.add(outcome, () => this.entitiesOf(outcome));
    }
    if (first === undefined) return { outputs: new Map() };
    const block = { first, count: packer.count, bytes: Buffer.from(packer.take()) };
    return { outputs: new Map(), after: async () => { await outcomes.append(lane, block); written(); } };
  }

  simulate(): Promise<SimulationStep> { return Promise.reject(new RangeError('history decides nothing')); }

  private entitiesOf(outcome: Outcome): readonly string[] { return outcome.kind === 'event' ? (this.entities?.of(outcome) ?? []) : []; }
}
