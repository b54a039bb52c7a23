import { ItemBorder, type InputRecord, type LaneWork, type StageState, type WorkOutput } from '@weir/pipeline';
import type { Topic } from '@weir/ports';
import { PatternStage } from './pattern-stage';

/** Patterns as a service: reads `features`, adds the matches, writes `signals`. */
export class PatternWork implements LaneWork {
  readonly name = 'cep';
  readonly input: Topic = 'features';
  readonly outputs: readonly Topic[] = ['signals'];
  readonly stage = new PatternStage();
  private readonly border: ItemBorder;

  constructor(lane: number) { this.border = new ItemBorder(lane); }

  async restore(state: StageState): Promise<void> {
    this.border.restore(state);
    await this.stage.restore(state);
  }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    yield* this.stage.takeChanges();
    yield* this.border.takeChanges();
  }

  take(inputs: readonly InputRecord[]): WorkOutput {
    const read = this.border.read(inputs);
    const items = this.stage.process(read.items);
    return { outputs: new Map([['signals', this.border.write({ ...read, items })]]), publish: items.some(({ kind }) => kind === 'definitions') };
  }
}
