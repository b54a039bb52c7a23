import type { LaneItem, PatternMatch } from '@weir/contracts';
import { StageWork, type InputRecord, type ItemBorder, type OutputRecord, type WorkOutput } from '@weir/pipeline';
import type { NewRecord, Topic } from '@weir/ports';
import { PatternStage } from './pattern-stage';

/** Patterns as a service: reads `features`, adds the matches, writes `signals`, and what patterns gave to `matches`. */
export class PatternWork extends StageWork<PatternStage> {
  override readonly name = 'cep';
  override readonly input: Topic = 'features';
  override readonly outputs: readonly Topic[] = ['signals', 'matches'];

  constructor(lane: number, /** The record of a match; `place` tells several of one item apart. */ private readonly matchRecord: (match: PatternMatch, item: LaneItem, place: number) => NewRecord) { super(lane, new PatternStage()); }

  /** The set in force behind the last item. */
  get set(): ItemBorder['inForce'] { return this.border.inForce; }

  override take(inputs: readonly InputRecord[]): WorkOutput {
    const read = this.border.read(inputs);
    const items = this.stage.process(read.items);
    const matches: OutputRecord[] = [];
    for (const item of items) item.matches.forEach((match, place) => matches.push({ origin: item.offset, record: this.matchRecord(match, item, place) }));
    return { outputs: new Map<Topic, readonly OutputRecord[]>([['signals', this.border.write({ ...read, items })], ['matches', matches]]), publish: items.some(({ kind }) => kind === 'definitions') };
  }
}
