import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { SubmittedRow } from '@weir/gateway';
import { simulate, type SimulatedTransaction } from '@weir/simulator';
import { repositoryRoot, workFolder } from '../folders';
import type { Suite } from '../suite/suite';
import { Progress, say } from '../terminal';
import { portOf, startSuite } from './up';

interface DemoFlags { readonly port: number; readonly json?: boolean; readonly data?: string }

const dayMs = 86_400_000;
const world = { days: 60, customers: 6_000, terminals: 10_000, seed: 'demo' };
/** The simulated days begin so long ago; all but the last of them are sent at once, so that features have a past. */
const pastDays = 21;
/** What streams at first lies so far back, and catches up with the clock; from there transactions come as they happen. Within the lateness that sources allow, so that whoever sends a transaction of now is neither late nor makes those late that stream. */
const liveBehindMs = 36 * 3_600_000;
const pastRowsPerBatch = 2_000;
/** How long until a fraud is known. */
const labelDelayDays = 7;
const labelsAtOnce = 100;
const liveTicksPerSecond = 10;
const decidedWaitMs = 60_000;

/** The suite, the example definitions and model, and simulated transactions with fraud in them. */
export function registerDemo(program: Command): void {
  program.command('demo').description('the suite with example definitions and model, and simulated transactions with fraud in them')
    .option('--port <n>', '0 takes a free one', portOf, 8080).option('--data <dir>', 'where it keeps everything (default .weir/demo, made anew each time)').option('--json', 'ready as one JSON line')
    .action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
  const startedAtMs = Date.now();
  // The simulated days begin anew, so what a former demo left would only be in their way.
  const dataDir = flags.data ?? join(workFolder(), 'demo');
  if (flags.data === undefined) rmSync(dataDir, { recursive: true, force: true });
  say('starting the suite in this process: five services on embedded stores …');
  const { suite, url, apiKey } = await startSuite({ data: dataDir, port: flags.port, definitions: join(repositoryRoot(), 'examples', 'definitions'), ...(flags.json ? { json: true } : {}) }, { quiet: true });
  const transactions = simulate({ ...world, startMs: Math.floor(Date.now() / dayMs) * dayMs - pastDays * dayMs })[Symbol.iterator]();
  const firstMs = await sendFirst(suite, transactions, startedAtMs);
  const link = apiKey === undefined ? url : `${url}/#key=${apiKey}`;
  if (!flags.json) {
    say(`\n  console    ${link}\n  interface  ${url}/docs\n  first decision ${(firstMs / 1_000).toFixed(1)} s after the start; Ctrl-C ends everything\n`);
    if (apiKey === undefined) say('  (the key was shown when this folder was made; WEIR_API_KEY sets one)');
  }
  const frauds: Fraud[] = [];
  await sendPast(suite, noting(transactions, frauds));
  await sendLabels(suite, frauds);
  await stream(suite, transactions);
}

type Transactions = Iterator<SimulatedTransaction>;
interface Fraud { readonly transactionId: string; readonly knownMs: number }

/** The same transactions; those that are fraud are noted. */
function* noting(transactions: Transactions, frauds: Fraud[]): Generator<SimulatedTransaction, void, undefined> {
  for (let next = transactions.next(); next.done !== true; next = transactions.next()) {
    const { event, fraud } = next.value;
    if (fraud === 1) frauds.push({ transactionId: event.transaction_id, knownMs: event.event_time + labelDelayDays * dayMs });
    yield next.value;
  }
}

/** What is known of the past by now. */
async function sendLabels(suite: Suite, frauds: readonly Fraud[]): Promise<void> {
  const known = frauds.filter(({ knownMs }) => knownMs <= Date.now());
  for (let from = 0; from < known.length; from += labelsAtOnce) {
    await suite.labels.append(known.slice(from, from + labelsAtOnce).map(({ transactionId, knownMs }) => ({ transactionId, fraud: true, by: 'dispute', atMs: knownMs, source: 'dispute' })));
  }
  say(`${known.length} frauds of the past became known; now streaming`);
}

function takeRows(transactions: Transactions, count: number, untilMs = Infinity): SubmittedRow[] {
  const rows: SubmittedRow[] = [];
  while (rows.length < count) {
    const next = transactions.next();
    if (next.done === true) break;
    const event = { ...next.value.event };
    rows.push({ json: JSON.stringify(event), event, receivedAtMs: event.event_time, idempotency: undefined });
    if (event.event_time >= untilMs) break;
  }
  return rows;
}

const submit = (suite: Suite, rows: readonly SubmittedRow[]): Promise<unknown> => suite.edge.submit(rows, { source: undefined, wait: 'decided', deadlineMs: decidedWaitMs });

async function sendFirst(suite: Suite, transactions: Transactions, startedAtMs: number): Promise<number> {
  await submit(suite, takeRows(transactions, 1));
  return Date.now() - startedAtMs;
}

async function sendPast(suite: Suite, transactions: Transactions): Promise<void> {
  const untilMs = Date.now() - liveBehindMs;
  const progress = new Progress('the days before', undefined);
  let sent = 0;
  for (let rows = takeRows(transactions, pastRowsPerBatch, untilMs); rows.length > 0; rows = takeRows(transactions, pastRowsPerBatch, untilMs)) {
    await submit(suite, rows);
    sent += rows.length;
    progress.at(sent);
    if (rows.length < pastRowsPerBatch) break;
  }
  progress.end();
  say(`${sent} transactions of the last ${pastDays} days decided`);
}

/** A steady stream until it has caught up with the clock, then in real time, until the world ends; the suite stays up. */
async function stream(suite: Suite, transactions: Transactions): Promise<void> {
  let isBehind = true;
  for (let rows = takeRows(transactions, 1); rows.length > 0; rows = takeRows(transactions, 1)) {
    const aheadMs = Math.max(...rows.map(({ receivedAtMs = 0 }) => receivedAtMs)) - Date.now();
    if (isBehind && aheadMs > 0) {
      isBehind = false;
      say('the simulated days have caught up with the clock; transactions now come as they happen, a few a minute');
    }
    await new Promise((resume) => { setTimeout(resume, Math.max(1_000 / liveTicksPerSecond, aheadMs)); });
    await submit(suite, rows);
  }
  say('the simulated days are over; the suite stays up');
}
