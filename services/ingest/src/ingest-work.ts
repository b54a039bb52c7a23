import { decodeRawRecord, encodeReply, isItem, ItemCodec, originHeader, originText, passedOver, simulatedOffset, type SimulationStep, type InputRecord, type LaneWork, type Outcome, type OutputRecord, type ReplySender, type StageState, type WorkOutput } from '@weir/pipeline';
import type { IngestRefusal, RawBody } from '@weir/contracts';
import type { Topic } from '@weir/ports';
import { IngestStage } from './ingest-stage';
import { quarantineRecord } from './quarantine-record';

/** Ingest as a service: reads the lane, writes what goes on to `transactions` and what does not to `quarantine`, and answers whoever sent the latter. */
export class IngestWork implements LaneWork {
  readonly name = 'ingest';
  readonly input: Topic = 'transactions.raw';
  readonly outputs: readonly Topic[] = ['transactions', 'quarantine'];
  readonly stage = new IngestStage();
  private readonly codec = new ItemCodec();

  constructor(private readonly options: { readonly lane: number; readonly replies: ReplySender }) {}

  restore(state: StageState): Promise<void> { return this.stage.restore(state); }
  takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> { return this.stage.takeChanges(); }

  take(inputs: readonly InputRecord[]): WorkOutput {
    const { lane } = this.options;
    const outcomes = this.stage.process(inputs.map(({ record }) => decodeRawRecord(lane, record)));
    const transactions: OutputRecord[] = [], quarantine: OutputRecord[] = [], refused: IngestRefusal[] = [];
    let publish = false;
    outcomes.forEach((outcome, index) => {
      transactions.push(this.outputOf(outcome, inputs[index]?.record.appendedAtMs ?? 0));
      if (isItem(outcome)) {
        publish ||= outcome.kind === 'definitions' || outcome.kind === 'list' || outcome.kind === 'table';
        return;
      }
      refused.push(outcome);
      if (outcome.kind === 'quarantined') quarantine.push({ origin: outcome.offset, record: quarantineRecord(outcome) });
    });
    return { outputs: new Map<Topic, readonly OutputRecord[]>([['transactions', transactions], ['quarantine', quarantine]]), publish, ...(refused.length === 0 ? {} : { answer: () => this.answer(refused) }) };
  }

  simulate(payload: Uint8Array, nowMs: number): Promise<SimulationStep> {
    const body = JSON.parse(Buffer.from(payload).toString('utf8')) as RawBody; // written by the gateway alone
    const outcome = this.stage.simulate({ lane: this.options.lane, offset: simulatedOffset, appendedAtMs: nowMs, body });
    if (isItem(outcome)) return Promise.resolve({ kind: 'next', payload: this.codec.encode(outcome, nowMs) });
    return Promise.resolve({ kind: 'answer', reply: ({ lane, offset }) => encodeReply({ kind: 'refused', lane, offset, refusal: outcome }) });
  }

  private outputOf(outcome: Outcome, appendedAtMs: number): OutputRecord {
    const headers = { [originHeader]: originText(this.options.lane, outcome.offset) };
    return { origin: outcome.offset, record: { key: null, headers, value: isItem(outcome) ? this.codec.encode(outcome, appendedAtMs) : passedOver } };
  }

  private answer(refused: readonly IngestRefusal[]): void {
    for (const refusal of refused) {
      if (refusal.replyTo !== undefined) this.options.replies.send(refusal.replyTo, encodeReply({ kind: 'refused', lane: refusal.lane, offset: refusal.offset, refusal }));
    }
  }
}
