import { traceIdOf, type Decision, type LaneItem, type ListChange } from '@weir/contracts';
import { encodeReply, originHeader, originText, StageWork, type InputRecord, type OutputRecord, type ReplySender, type SimulationStep, type WorkOutput } from '@weir/pipeline';
import type { Clock, NewRecord, Topic } from '@weir/ports';
import type { Alert } from './alerts';
import { additionsOf } from './foreign-additions';
import { ScoringStage, type ScoringOptions } from './scoring-stage';

export interface ScoringWorkOptions extends ScoringOptions {
  readonly clock: Clock;
  readonly replies: ReplySender;
  /** The value of a record in `decisions`. */
  readonly encodeDecision: (decision: Decision) => Uint8Array;
  /** Told of every decision that is made. */
  readonly decided?: ((decision: Decision) => void) | undefined;
  /** The record of an alert. */
  readonly alertRecord: (alert: Alert, item: LaneItem) => NewRecord;
  /** Tells the other lanes what decisions listed; absent where there is one lane. */
  readonly tellOtherLanes?: ((additions: readonly ListChange[]) => Promise<void>) | undefined;
}

/** Names of headers of `decisions`, beside the origin. */
export const decisionHeaders = Object.freeze({ receivedAt: 'weir-received-at', contentType: 'content-type' });

/**
 * Scoring as a service: reads `signals`, decides, writes `decisions` and `alerts` and answers whoever waits. What follows from the lane's records alone is answered
 * at once (positions read in other lanes are in `features` already); a degraded verdict when it is durable.
 */
export class ScoringWork extends StageWork<ScoringStage> {
  override readonly name = 'scoring';
  override readonly input: Topic = 'signals';
  override readonly outputs: readonly Topic[] = ['decisions', 'alerts'];

  constructor(private readonly options: ScoringWorkOptions) {
    super(options.lane, new ScoringStage(options));
  }

  override async take(inputs: readonly InputRecord[]): Promise<WorkOutput> {
    const startedAt = performance.now();
    const read = this.border.read(inputs);
    const items = await this.stage.process(read.items);
    const nowMs = this.options.clock.nowMs(), scoring = performance.now() - startedAt;
    const decisions: OutputRecord[] = [], alerts: OutputRecord[] = [];
    const now: Answer[] = [], later: Answer[] = [];
    let publish = false;
    items.forEach((item, index) => {
      publish ||= item.kind === 'definitions' || isByHand(item);
      for (const alert of this.stage.alertsOf(item)) alerts.push({ origin: item.offset, record: this.options.alertRecord(alert, item) });
      if (item.kind !== 'event') return;
      if (item.verdict === undefined) {
        if (item.replyTo !== undefined) now.push({ address: item.replyTo, offset: item.offset, decision: undefined });
        return;
      }
      const decision = { verdict: item.verdict, meta: { decided_at: nowMs, latency_ms: { scoring, total: Math.max(0, nowMs - (read.appendedAtMs[index] ?? nowMs)) }, trace_id: traceIdOf(read.traceparents[index]) } };
      this.options.decided?.(decision);
      const value = this.options.encodeDecision(decision);
      decisions.push({ origin: item.offset, record: this.recordOf(item, item.verdict.transaction_id, value) });
      if (item.replyTo !== undefined) (item.verdict.degraded ? later : now).push({ address: item.replyTo, offset: item.offset, decision: value });
    });
    const { tellOtherLanes } = this.options, additions = tellOtherLanes === undefined ? [] : additionsOf(items);
    return {
      outputs: new Map([['decisions', decisions], ['alerts', alerts]]), publish, after: additions.length === 0 ? undefined : () => tellOtherLanes?.(additions) ?? Promise.resolve(),
      answer: now.length === 0 ? undefined : () => this.answer(now), answerDurable: later.length === 0 ? undefined : () => this.answer(later),
    };
  }

  close(): Promise<void> { return this.stage.close(); }

  override async simulate(payload: Uint8Array, nowMs: number): Promise<SimulationStep> {
    const { item: before, appendedAtMs } = this.border.readOne(payload), item = await this.stage.simulate(before);
    if (item.kind !== 'event' || item.verdict === undefined) return { kind: 'answer', reply: (at) => encodeReply({ kind: 'accepted', ...at }) };
    const decision = this.options.encodeDecision({ verdict: item.verdict, meta: { decided_at: nowMs, latency_ms: { total: Math.max(0, nowMs - appendedAtMs) }, trace_id: null } });
    return { kind: 'answer', reply: (at) => encodeReply({ kind: 'decided', ...at, decision }) };
  }

  private recordOf(item: LaneItem, key: string, value: Uint8Array): NewRecord {
    return { key, headers: { [originHeader]: originText(item.lane, item.offset), [decisionHeaders.receivedAt]: String(item.receivedAtMs) }, value };
  }

  private answer(answers: readonly Answer[]): void {
    const { lane, replies } = this.options;
    for (const { address, offset, decision } of answers) replies.send(address, encodeReply(decision === undefined ? { kind: 'accepted', lane, offset } : { kind: 'decided', lane, offset, decision }));
  }
}

/** A change of lists that somebody waits for. */
const isByHand = (item: LaneItem): boolean => item.kind === 'list' && (item.listChanges ?? []).some((change) => change.op !== 'put' || change.origin === undefined);

interface Answer { readonly address: string; readonly offset: number; readonly decision: Uint8Array | undefined }
