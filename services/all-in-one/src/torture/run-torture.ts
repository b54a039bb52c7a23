import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import { SeededRandom } from '@weir/testkit';
import { Client } from '../client';
import { awaitBacktest } from '../commands/await-backtest';
import { applyOver } from '../commands/definitions-remote';
import { closingEvents, tortureEvents, type SentEvent } from './events';
import { faultPlan } from './fault-plan';
import { doFault, isFeasible } from './faults';
import { Ground } from './ground';
import { effectsOf, judge, type DoneFault } from './judgement';
import { Ledger } from './ledger';
import { MemoryWatch } from './memory-watch';
import { Sender } from './sender';
import { readTopics, type TopicContents } from './topics';
import { decideOffline, verdictsOf } from './without-faults';

export interface TortureOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly perSecond: number;
  readonly lanes: number;
  /** One short round. */
  readonly quick: boolean;
  /** How long a burst lasts, ms; undefined: two minutes, in a short run seconds. */
  readonly burstMs: number | undefined;
  readonly only: readonly string[] | undefined;
  readonly definitions: string;
  /** The folder with logs and files stays. */
  readonly keep: boolean;
  readonly say: (text: string) => void;
  /** Aborted: no more faults, the judgement comes at once. */
  readonly signal: AbortSignal;
}

export type TortureLine = Readonly<Record<string, unknown>>;

const times = {
  quick: { holdMs: 4_500, standMs: 4_500, burstMs: 4_500, sessionMs: 3_000, pauseMsMax: 500 },
  long: { holdMs: 8_000, standMs: 60_000, burstMs: 120_000, sessionMs: 6_000, pauseMsMax: 4_000 },
} as const;
const settledWithinMs = 180_000, caughtUpWithinMs = 900_000, askAgainMs = 50;
const namedMax = 10;

/** Faults, then the judgement: a line per fault, a last one with the figures. */
export async function* torture(options: TortureOptions): AsyncGenerator<TortureLine, void, undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-torture-'));
  options.say(`logs and files are in ${folder}`);
  mkdirSync(join(folder, 'data'), { recursive: true });
  const run = new TortureRun(options, folder);
  try {
    yield* run.lines();
  } finally {
    await run.remove();
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

class TortureRun {
  private readonly key = `weir_${randomBytes(18).toString('hex')}`;
  private readonly tokenKey: string;
  private readonly prefix = `torture-${randomBytes(4).toString('hex')}`;
  private readonly ledger = new Ledger();
  private readonly events: Generator<SentEvent, void, undefined>;
  private readonly random: SeededRandom;
  private readonly eventsFile: string;
  private ground: Ground | undefined;
  private sender: Sender | undefined;
  private lastSent: SentEvent | undefined;
  private kills = 0;

  constructor(private readonly options: TortureOptions, private readonly folder: string) {
    this.random = new SeededRandom(options.seed);
    this.events = tortureEvents(options.seed);
    this.eventsFile = join(folder, 'events.jsonl');
    this.tokenKey = createHash('sha256').update(`torture ${options.seed}`).digest('hex');
  }

  async *lines(): AsyncGenerator<TortureLine, void, undefined> {
    const { options, ledger } = this;
    const startedMs = Date.now();
    const ground = (this.ground = await Ground.build({ folder: this.folder, lanes: options.lanes, key: this.key, tokenKey: this.tokenKey, prefix: this.prefix, sessionMs: times[options.quick ? 'quick' : 'long'].sessionMs, disks: !options.quick || options.only !== undefined }));
    await applyOver(this.client(), options.definitions);
    options.say(`five services at ${ground.url} after ${((Date.now() - startedMs) / 1_000).toFixed(1)} s; sending ${options.perSecond}/s`);
    const written = createWriteStream(this.eventsFile);
    const sender = (this.sender = new Sender({
      url: ground.url, key: this.key, ledger, events: this.events, perSecond: options.perSecond,
      onSent: (event) => { this.lastSent = event; written.write(`${event.json}\n`); },
    }));
    const memory = new MemoryWatch(ground.processes);
    sender.start();
    const done = yield* this.faults(ground, sender, memory);
    await sender.stop();
    const closing = this.lastSent === undefined ? [] : closingEvents(this.lastSent, options.lanes);
    await sender.send(closing);
    for (const { id } of closing) await this.decided(id, settledWithinMs);
    written.end();
    await new Promise<void>((resolve) => { written.once('close', resolve); });
    memory.stop();
    const restarts = [...ground.processes.restarted.values()].reduce((sum, count) => sum + count, 0);
    yield* this.judgement(ground, done, { closing: closing.length, sentSeconds: (Date.now() - startedMs) / 1_000, memory: memory.mostMb, endedByThemselves: restarts - this.kills });
  }

  private client(): Client { return new Client({ url: this.ground?.url ?? '' }, { WEIR_API_KEY: this.key }); }

  private async *faults(ground: Ground, sender: Sender, memory: MemoryWatch): AsyncGenerator<TortureLine, DoneFault[], undefined> {
    const { quick, minutes, only, signal, say, burstMs } = this.options, { holdMs, standMs, sessionMs, pauseMsMax, ...usual } = times[quick ? 'quick' : 'long'];
    const untilMs = Date.now() + minutes * 60_000, done: DoneFault[] = [];
    await this.caughtUp(sender);
    for (const fault of faultPlan(this.random.fork('faults'), { quick, only })) {
      if (signal.aborted || (!quick && Date.now() > untilMs)) break;
      if (!isFeasible(fault, ground)) continue;
      await sleep(this.random.int(0, pauseMsMax), undefined, { signal }).catch(() => undefined);
      if (fault.kind === 'kill') this.kills += fault.services.length;
      memory.begin();
      const fell = await doFault(fault, { ground, sender, times: { holdMs, standMs, sessionMs, burstMs: burstMs ?? usual.burstMs } });
      const isBack = await Promise.race([this.caughtUp(sender), sender.done.then(() => false)]);
      done.push({ ...fell, rssMaxMb: memory.sinceBeginMb });
      say(`${fell.fault}: ${isBack ? `decided again ${((Date.now() - fell.startedMs) / 1_000).toFixed(1)} s after it began` : 'NOT DECIDED AGAIN in time'}`);
    }
    return done;
  }

  /** What is due is sent, and something that is sent from then on is decided. */
  private async caughtUp(sender: Sender): Promise<boolean> {
    const untilMs = performance.now() + caughtUpWithinMs;
    while (sender.behind > sender.perSecond && performance.now() < untilMs) await Promise.race([sleep(askAgainMs), sender.done]);
    const before = this.lastSent;
    while (this.lastSent === before || this.lastSent === undefined) await Promise.race([sleep(askAgainMs), sender.done]);
    return this.decided(this.lastSent.id, Math.max(0, untilMs - performance.now())).then(() => true, () => false);
  }

  private async decided(id: string, withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const response = await fetch(`${this.ground?.url}/transactions/${id}`, { headers: { authorization: `Bearer ${this.key}` }, signal: AbortSignal.timeout(30_000) }).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response?.status === 200) return;
      if (performance.now() > untilMs) throw new WeirError('WEIR_LIMIT_REACHED', `${id} was not decided within ${withinMs / 1_000} s (the last answer: ${response?.status ?? 'none'})`);
      await sleep(askAgainMs);
    }
  }

  private async *judgement(ground: Ground, done: readonly DoneFault[], run: { readonly closing: number; readonly sentSeconds: number; readonly memory: Readonly<Record<string, number>>; readonly endedByThemselves: number }): AsyncGenerator<TortureLine, void, undefined> {
    const { options, ledger } = this, offlineFile = join(this.folder, 'offline.jsonl'), exportFile = join(this.folder, 'export.jsonl');
    options.say('reading the topics and deciding the same without faults');
    const topics = await readTopics({ brokers: [ground.broker.address], prefix: this.prefix, closing: run.closing });
    await this.exportTo(exportFile);
    // From an empty state, every decision reading the other lanes where it read them: whatever the lanes, and the degraded ones whose cause stands in the log.
    const replay = await awaitBacktest(this.client(), { verify: true }, { title: 'replaying' });
    const unclean = await ground.stop();
    const offline = new Map<string, { readonly digest: string; readonly text: string }>();
    // With several lanes a decision also reads the others, where a file has one lane: there the replay alone says what is right.
    if (options.lanes === 1) {
      await decideOffline({ definitions: options.definitions, events: this.eventsFile, out: offlineFile, tokenKey: this.tokenKey });
      for await (const { transactionId, digest, text } of verdictsOf(offlineFile)) offline.set(transactionId, { digest, text: createHash('sha1').update(text).digest('base64') });
    }
    const judged = judge(ledger, topics, options.lanes === 1 ? new Map([...offline].map(([id, { digest }]) => [id, digest])) : undefined);
    const api = await this.judgeExport(exportFile, topics, options.lanes === 1 ? offline : undefined);
    const effects = effectsOf(done, ledger, topics);
    for (const [index, { fault, startedMs, endedMs, rssMaxMb }] of done.entries()) {
      const effect = effects[index];
      yield { torture: 'fault', fault, held_ms: endedMs - startedMs, outage_ms: effect?.outageMs ?? 0, recovery_ms: effect?.recoveryMs ?? 0, behind_max: effect?.behindMax ?? 0, rss_max_mb: rssMaxMb ?? {} };
    }
    const recoveries = effects.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
    yield {
      torture: 'result', seed: options.seed, lanes: options.lanes, per_second: options.perSecond, seconds: Math.round(run.sentSeconds), faults: done.length, transactions: judged.transactions, acknowledged: ledger.acknowledged, decided: judged.decided, refusals: ledger.refusals,
      lost: judged.lost.length, doubled: judged.doubled, different: judged.different.length, replayed: Number(replay['same']), replayed_different: Number(replay['different']) + Number(replay['not_stored']), told_otherwise: judged.toldOtherwise.length, degraded: judged.degraded, quarantined: topics.quarantined, alerts: topics.alerts,
      api_missing: api.missing, api_doubled: api.doubled, api_different: api.different,
      longest_gap_ms: Math.round(judged.longestGapMs), recovery_p50_ms: recoveries[Math.floor(recoveries.length / 2)] ?? 0, recovery_max_ms: recoveries.at(-1) ?? 0,
      latency_p50_ms: Math.round(judged.latencyP50Ms), latency_p99_ms: Math.round(judged.latencyP99Ms), rss_max_mb: run.memory, ended_by_themselves: run.endedByThemselves, not_ended_cleanly: unclean,
      ...named('lost_ids', judged.lost), ...named('different_ids', judged.different), ...named('told_otherwise_ids', judged.toldOtherwise),
    };
  }

  /** Every verdict that the gateway serves, one by one: what stands in the topic, and byte for byte without the id what comes without faults. */
  private async judgeExport(file: string, topics: TopicContents, offline: ReadonlyMap<string, { readonly text: string }> | undefined): Promise<{ readonly missing: number; readonly doubled: number; readonly different: number }> {
    const seen = new Set<string>();
    let doubled = 0, different = 0;
    for await (const { transactionId, digest, text } of verdictsOf(file)) {
      if (seen.has(transactionId)) doubled += 1;
      seen.add(transactionId);
      const isOther = offline !== undefined && !text.includes('"degraded":true') && offline.get(transactionId)?.text !== createHash('sha1').update(text).digest('base64');
      if (isOther || topics.byTransaction.get(transactionId)?.digest !== digest) different += 1;
    }
    let missing = 0;
    for (const id of this.ledger.ids) if (this.ledger.isAcknowledged(id) && !seen.has(id)) missing += 1;
    return { missing, doubled, different };
  }

  private async exportTo(file: string): Promise<void> {
    const response = await fetch(`${this.ground?.url}/decisions/export`, { headers: { authorization: `Bearer ${this.key}` } });
    if (response.status !== 200 || response.body === null) throw new WeirError('WEIR_LIMIT_REACHED', `the decisions could not be fetched: ${response.status} ${(await response.text()).slice(0, 300)}`);
    await pipeline(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), createWriteStream(file)); // the same stream by its other name
  }

  async remove(): Promise<void> {
    await this.sender?.stop().catch(() => undefined);
    await this.ground?.remove();
  }
}

const named = (name: string, ids: readonly string[]): Readonly<Record<string, readonly string[]>> => (ids.length === 0 ? {} : { [name]: ids.slice(0, namedMax) });

/** Whether nothing was lost, doubled or other than without faults. */
export const isClean = (result: TortureLine): boolean =>
  ['lost', 'doubled', 'different', 'replayed_different', 'told_otherwise', 'quarantined', 'api_missing', 'api_doubled', 'api_different'].every((name) => result[name] === 0) && Number(result['decided']) === Number(result['transactions']);
