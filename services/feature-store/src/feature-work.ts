import type { LaneItem } from '@weir/contracts';
import { ItemBorder, type InputRecord, type LaneWork, type StageState, type WorkOutput } from '@weir/pipeline';
import type { Topic } from '@weir/ports';
import { FeatureStage } from './feature-stage';
import type { StoredShards } from './stored-shards';

/** The feature store as a service: reads `transactions`, adds the vectors, writes `features`. */
export class FeatureWork implements LaneWork {
  readonly name = 'feature-store';
  readonly input: Topic = 'transactions';
  readonly outputs: readonly Topic[] = ['features'];
  readonly stage: FeatureStage;
  private readonly border: ItemBorder;

  constructor(private readonly options: { readonly lane: number; /** Where there are several lanes. */ readonly foreign?: StoredShards }) {
    this.stage = new FeatureStage(options);
    this.border = new ItemBorder(options.lane);
  }

  async restore(state: StageState): Promise<void> {
    this.border.restore(state);
    await this.stage.restore(state);
  }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    yield* this.stage.takeChanges();
    yield* this.border.takeChanges();
  }

  async take(inputs: readonly InputRecord[]): Promise<WorkOutput> {
    const read = this.border.read(inputs);
    const items = this.options.foreign === undefined ? this.stage.process(read.items) : await this.processWith(this.options.foreign, read.items);
    return { outputs: new Map([['features', this.border.write({ ...read, items })]]), publish: items.some(({ kind }) => kind === 'definitions' || kind === 'table') };
  }

  /** Which shards a batch needs is known by the set in force, so a batch ends where a set begins. */
  private async processWith(foreign: StoredShards, items: readonly LaneItem[]): Promise<LaneItem[]> {
    const out: LaneItem[] = [];
    for (let from = 0; from < items.length; ) {
      const at = items.findIndex((item, index) => index >= from && item.kind === 'definitions');
      const to = at < 0 ? items.length : at + 1;
      const batch = items.slice(from, to);
      await foreign.fetch(this.stage.needs(batch));
      out.push(...this.stage.process(batch));
      from = to;
    }
    return out;
  }
}
