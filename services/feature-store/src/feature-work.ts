import type { LaneItem } from '@weir/contracts';
import { PreparedStage, StageWork, type InputRecord, type Preparation, type SimulationStep, type Stage, type WorkOutput } from '@weir/pipeline';
import type { Topic } from '@weir/ports';
import { FeatureStage, type FeatureStageOptions } from './feature-stage';
import type { StoredShards } from './stored-shards';

export interface FeatureWorkOptions extends Pick<FeatureStageOptions, 'lane' | 'built' | 'takeOver'> {
  /** Where there are several lanes. */
  readonly foreign?: StoredShards;
  /** What has to be there before some items may be taken. */
  readonly prepare?: readonly Preparation[];
}

/** The feature store as a service: reads `transactions`, adds the vectors, writes `features`. */
export class FeatureWork extends StageWork<FeatureStage> {
  override readonly name = 'feature-store';
  override readonly input: Topic = 'transactions';
  override readonly outputs: readonly Topic[] = ['features'];
  private turn: Promise<unknown> = Promise.resolve();
  private readonly prepared: Stage<LaneItem, LaneItem>;

  constructor(private readonly options: FeatureWorkOptions) {
    super(options.lane, new FeatureStage(options));
    this.prepared = options.prepare === undefined ? this.stage : new PreparedStage(this.stage, options.prepare);
  }

  override async take(inputs: readonly InputRecord[]): Promise<WorkOutput> {
    const read = this.border.read(inputs);
    const items = this.options.foreign === undefined ? await this.prepared.process(read.items) : await this.processWith(this.options.foreign, read.items);
    return { outputs: new Map([['features', this.border.write({ ...read, items })]]), publish: items.some(({ kind }) => kind === 'definitions' || kind === 'table') };
  }

  /** Which shards a batch needs is known by the set in force, so a batch ends where a set begins. */
  private async processWith(foreign: StoredShards, items: readonly LaneItem[]): Promise<LaneItem[]> {
    const out: LaneItem[] = [];
    for (let from = 0; from < items.length; ) {
      const at = items.findIndex((item, index) => index >= from && item.kind === 'definitions');
      const to = at < 0 ? items.length : at + 1;
      const batch = items.slice(from, to);
      await this.inTurn(async () => {
        await foreign.fetch(this.stage.needs(batch));
        out.push(...await this.prepared.process(batch));
      });
      from = to;
    }
    return out;
  }

  override async simulate(payload: Uint8Array, nowMs: number): Promise<SimulationStep> {
    const { foreign } = this.options;
    if (foreign === undefined) return super.simulate(payload, nowMs);
    return this.inTurn(async () => {
      await foreign.fetch(this.stage.needs([this.border.readOne(payload).item]));
      return super.simulate(payload, nowMs);
    });
  }

  /** What was fetched is for one alone. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.turn.then(work, work);
    this.turn = turn.catch(() => undefined);
    return turn;
  }
}
