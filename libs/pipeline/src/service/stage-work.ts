import type { LaneItem } from '@weir/contracts';
import type { Topic } from '@weir/ports';
import type { Stage, StageState } from '../stage';
import { ItemBorder } from './item-border';
import type { InputRecord, LaneWork, WorkOutput } from './lane-work';
import type { SimulationStep } from './simulation';

/** The work of a service around one stage behind ingest: its state is the stage's and that of the border over which items come and go. */
export abstract class StageWork<S extends Stage<LaneItem, LaneItem>> implements LaneWork {
  abstract readonly name: string;
  abstract readonly input: Topic;
  abstract readonly outputs: readonly Topic[];
  protected readonly border: ItemBorder;

  constructor(lane: number, readonly stage: S) { this.border = new ItemBorder(lane); }

  abstract take(inputs: readonly InputRecord[]): Promise<WorkOutput> | WorkOutput;

  async simulate(payload: Uint8Array, _nowMs: number): Promise<SimulationStep> {
    const { item, appendedAtMs } = this.border.readOne(payload);
    return { kind: 'next', payload: this.border.writeOne(await this.stage.simulate(item), appendedAtMs) };
  }

  async restore(state: StageState): Promise<void> {
    this.border.restore(state);
    await this.stage.restore(state);
  }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    yield* this.stage.takeChanges();
    yield* this.border.takeChanges();
  }
}
