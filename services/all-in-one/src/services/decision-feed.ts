import { setTimeout as sleep } from 'node:timers/promises';
import { originOfDecisionId, WeirError, type Decision, type StreamEvent } from '@weir/contracts';
import { DecisionProto, originOffset } from '@weir/pipeline';
import type { CaseStore, DecisionRow, DecisionStore, LogRecord } from '@weir/ports';
import { decisionHeaders } from '@weir/scoring';
import { CaseSink } from '../suite/cases/case-sink';
import { decisionRow, type DecidedRow } from '../suite/decision-rows';
import type { LabelWriter } from '../suite/label-writer';
import type { LiveFeed } from '../suite/live-feed';
import type { Replies } from '../suite/replies';
import { Taken } from '../suite/sinks';
import { HeardDecisions } from './heard-decisions';
import type { SetBook } from './set-book';

export interface DecisionFeedOptions {
  readonly sets: SetBook;
  readonly decisions: DecisionStore;
  readonly cases: CaseStore;
  readonly labels: () => LabelWriter;
  /** Called with what is kept. */
  readonly noteDecided: (rows: readonly DecidedRow[]) => void;
  readonly live: LiveFeed;
  readonly replies: Replies;
  readonly nowMs: () => number;
  readonly onError: (error: unknown) => void;
}

/** How long a duplicate waits for the first one's decision to arrive here. */
const firstWithinMs = 2_000, lookAgainMs = 10;

/** What a gateway makes of the topic `decisions`: its store for reads and search, cases, labels that waited, statistics, who watches, and the answers that got lost on their way. */
export class DecisionFeed {
  private readonly proto = new DecisionProto();
  private readonly heard = new HeardDecisions();
  private readonly cases: CaseSink;
  private readonly throughByLane: number[] = [];

  constructor(private readonly options: DecisionFeedOptions) {
    this.cases = new CaseSink({
      reader: { read: (batch) => batch.made as Taken }, // made in `take` below
      store: options.cases, slaOf: ({ set, policy }) => options.sets.known(set)?.set.policies.get(policy)?.sla ?? [], onError: options.onError,
    });
  }

  async take(lane: number, records: readonly LogRecord[]): Promise<void> {
    const { decisions: store, replies } = this.options;
    const durable = await store.position(lane);
    const rows: DecidedRow[] = [];
    let last = durable;
    for (const record of records) {
      const offset = originOffset(record);
      if (offset <= last) continue;
      last = offset;
      const decision = this.heard.take(lane, offset, record.value) ?? this.decode(record.value) ?? await this.readUnknown(record);
      const known = this.options.sets.known(decision.verdict.set);
      const entities = known?.entities.of({ event: eventOf(decision, known.set.sources.get(decision.verdict.source ?? '')?.fields.map(({ name }) => name) ?? []) }) ?? [];
      rows.push(decisionRow({ lane, offset, receivedAtMs: Number(record.headers[decisionHeaders.receivedAt] ?? 0), event: { source: decision.verdict.source ?? '' } }, decision, entities, known?.packer));
    }
    if (rows.length > 0) await this.keep(lane, rows);
    this.throughByLane[lane] = last;
    for (const { offset, decision } of rows) replies.settle(lane, offset, () => ({ kind: 'decided', decision }));
  }

  private async keep(lane: number, rows: readonly DecidedRow[]): Promise<void> {
    const { decisions: store, noteDecided, live, labels, nowMs } = this.options;
    await store.write(lane, [store.take(rows)]);
    if (this.cases.take({ lane, records: [], outcomes: [], stageMs: {}, takenAtMs: nowMs(), made: new Taken(rows, new Map()) }) === 'full') await this.cases.flush();
    labels().decided(rows).catch(this.options.onError);
    noteDecided(rows);
    if (live.watched) live.decisions(rows.map(({ decision }) => decision));
  }

  /** The newest decided record of a lane that is kept here; -1 for none. */
  through(lane: number): number { return this.throughByLane[lane] ?? -1; }

  /** Cases are durable. */
  flush(): Promise<void> { return this.cases.flush(); }

  /** A decision that an answer brought; undefined where its set is not known here yet. */
  hear(lane: number, offset: number, bytes: Uint8Array): Decision | undefined {
    const decision = this.decode(bytes);
    // What came by the topic already does not come again.
    if (decision !== undefined && offset > this.through(lane)) this.heard.add(lane, offset, bytes, decision);
    return decision;
  }

  private decode(bytes: Uint8Array): Decision | undefined { return this.proto.decode(bytes, this.options.sets.layouts); }

  /** A decision that is taken, or about to be. */
  async byIdSoon(id: string): Promise<DecisionRow | undefined> {
    const origin = originOfDecisionId(id), { decisions } = this.options;
    for (const untilMs = performance.now() + firstWithinMs; ;) {
      const row = await decisions.byId(id);
      if (row !== undefined || origin === undefined || performance.now() > untilMs || (await decisions.position(origin.lane)) > origin.offset) return row;
      await sleep(lookAgainMs);
    }
  }

  /** One of a set that is not known here yet. */
  private async readUnknown(record: LogRecord): Promise<Decision> {
    const { set } = this.proto.head(record.value);
    if ((await this.options.sets.load(set)) === undefined) throw new WeirError('WEIR_REGISTRY_FAILED', `a decision names the set ${set}, which the registry does not know`);
    const again = this.decode(record.value);
    if (again === undefined) throw new WeirError('WEIR_REGISTRY_FAILED', `the set ${set} does not decide the source of ${record.key}`);
    return again;
  }
}

/** What entities are named by: the event's values by slot. */
const eventOf = ({ verdict }: Decision, fields: readonly string[]): Pick<StreamEvent, 'source' | 'values'> =>
  ({ source: verdict.source ?? '', values: fields.map((field) => { const value = verdict.tx[field]; return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null; }) });
