import { WeirError, type PatternMatch } from '@weir/contracts';
import { MemoryEventLog, MemoryOnlineStore } from '@weir/adapters/memory';
import { PatternStage } from '@weir/cep';
import { parseDocuments, resolveCanonicalSet, resolveSet } from '@weir/definitions';
import { IngestStage } from '@weir/ingest';
import { encodeRawBody, LaneRunner, type Chain, type Sink, type TakenBatch } from '@weir/pipeline';
import { Clock } from '@weir/ports';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { setChecks } from '../src/set-checks';

const definitions = `
kind: Source
name: transactions
id: transaction_id
time: event_time
decide: true
fields: { transaction_id: string!, card_id: string, device_id: string, amount: money! }
late: { out_of_orderness: 5s }
---
{ kind: Source, name: logins, id: login_id, time: at, fields: { login_id: string!, card_id: string, device_id: string, abroad: bool } }
---
{ kind: Entity, name: card, key: card_id }
---
{ kind: Entity, name: device, key: device_id }
---
kind: Pattern
name: small_then_large
key: card
pattern: [{ name: small, where: tx.amount < 10000, times: 2, consecutive: true }, { name: large, followed_by: true, where: tx.amount > 900000 }]
within: 2m
---
kind: Pattern
name: cards_of_a_device
key: device
sources: [logins, transactions]
matching: ordered
pattern: [{ name: login, where: tx.abroad }, { name: pay, followed_by_any: true, where: tx.amount > 0, times: [1, 2] }]
within: 1m
skip: to_next
---
kind: Pattern
name: silence
key: card
on_timeout: alert
pattern: [{ name: pay, where: tx.amount > 900000 }, { name: pay_again, not_followed_by: true, where: tx.amount > 0 }]
within: 30s
`;
const set = resolveSet(parseDocuments([{ file: 'test.yaml', text: definitions }]), undefined, { checks: setChecks });
const changed = resolveSet(parseDocuments([{ file: 'test.yaml', text: definitions.replace('times: 2, consecutive: true', 'times: 3') }]), set, { checks: setChecks });

class StepClock extends Clock {
  private nowAtMs = 1_767_225_600_000;
  override nowMs(): number { return (this.nowAtMs += 25); }
}

async function logOf(random: SeededRandom, count: number): Promise<MemoryEventLog> {
  const log = new MemoryEventLog({ clock: new StepClock() });
  const body = (source: string, fields: Record<string, unknown>, receivedAtMs: number): Parameters<typeof encodeRawBody>[0] => ({ kind: 'event', source, json: JSON.stringify(fields), receivedAtMs, idempotency: undefined, replyTo: undefined });
  let timeMs = 1_767_225_600_000;
  for (let at = 0; at < count; at += 1) {
    timeMs += random.int(0, 9_000);
    const shared = { card_id: `c${random.int(0, 4)}`, device_id: `d${random.int(0, 2)}` }, eventMs = timeMs - random.int(0, 7_000);
    const event = random.chance(0.25) ? body('logins', { ...shared, login_id: `l${at}`, at: eventMs, abroad: random.chance(0.7) }, timeMs) : body('transactions', { ...shared, transaction_id: `t${random.chance(0.05) ? at - 1 : at}`, event_time: eventMs, amount: random.pick([50, 5_000, 20_000, 2_000_000]) }, timeMs);
    const next = at === 0 ? set : at === Math.floor(count / 2) ? changed : undefined;
    if (next !== undefined) await log.append('transactions.raw', 0, [encodeRawBody({ kind: 'definitions', setId: next.id, json: next.canonicalJson })]);
    await log.append('transactions.raw', 0, [encodeRawBody(event)]);
  }
  return log;
}

/** What outlives owners: the first outcomes of each origin. */
class Topic implements Sink<TakenBatch> {
  readonly name = 'matches';
  readonly byOffset = new Map<number, readonly PatternMatch[]>();
  take(batch: TakenBatch): TakenBatch { return batch; }
  write(batches: readonly TakenBatch[]): Promise<void> {
    for (const outcome of batches.flatMap((batch) => batch.outcomes)) if ('matches' in outcome && !this.byOffset.has(outcome.offset)) this.byOffset.set(outcome.offset, outcome.matches);
    return Promise.resolve();
  }
  get lines(): string[] { return [...this.byOffset].sort(([a], [b]) => a - b).flatMap(([offset, matches]) => matches.map((match) => `${offset} ${JSON.stringify(match)}`)); }
}

const chainOf = (hotKeysMax: number): Chain => ({ ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [new PatternStage({ hotKeysMax })] });
const runnerOf = (world: { log: MemoryEventLog; store: MemoryOnlineStore; topic: Topic }, options: { readonly batchMax: number; readonly checkpointRecords?: number; readonly hotKeysMax?: number }): LaneRunner => new LaneRunner({
  lane: 0, log: world.log, store: world.store, chain: chainOf(options.hotKeysMax ?? 100_000), clock: new StepClock(), sinks: [world.topic], batchMax: options.batchMax, checkpointRecords: options.checkpointRecords ?? 1_000_000, checkpointMs: 1e12, idleWaitMs: 1, retryPauseMs: 0,
});
const stateOf = (store: MemoryOnlineStore): string => JSON.stringify([...store.scanSync(0, 'cep/')].map(([key, value]) => [key, Buffer.from(value).toString('hex')]));

const onlyFenced = (error: unknown): void => { if (!(error instanceof WeirError && error.code === 'WEIR_FENCED')) throw error; };

describe('matches of a lane', () => {
  it('are given once, and the same, when the lane goes from owner to owner in the middle', async () => {
    await forSeedsAsync(6, async (random) => {
      const log = await logOf(random, 160), last = (await log.bounds('transactions.raw', 0)).next - 1;
      const alone = { log, store: new MemoryOnlineStore(), topic: new Topic() };
      const undisturbed = runnerOf(alone, { batchMax: 16 });
      await undisturbed.start();
      await undisturbed.reached(last);
      await undisturbed.stop();
      expect(alone.topic.lines.filter((line) => line.includes('"kind":"match"')).length).toBeGreaterThan(5);

      const world = { log, store: new MemoryOnlineStore(), topic: new Topic() };
      for (let owner = 0; owner < 4; owner += 1) {
        // Two owners at once for a while: whichever finds that the other published goes; what it said by then stands already.
        const former = runnerOf(world, { batchMax: random.int(1, 30), checkpointRecords: random.int(5, 40), hotKeysMax: random.int(0, 3) });
        await former.start();
        const at = world.store.position(0);
        await former.reached(Math.min(last, (await at) + random.int(5, 40)));
        const next = runnerOf(world, { batchMax: random.int(1, 30), checkpointRecords: 10, hotKeysMax: random.int(0, 3) });
        await next.start();
        await next.reached(Math.min(last, (await at) + random.int(20, 60))).catch(onlyFenced);
        await next.stop().catch(onlyFenced);
        await former.stop().catch(onlyFenced);
      }
      const final = runnerOf(world, { batchMax: 64 });
      await final.start();
      await final.reached(last);
      await final.stop();
      expect(world.topic.lines).toEqual(alone.topic.lines);
      expect(stateOf(world.store)).toBe(stateOf(alone.store));
    });
  });
});
