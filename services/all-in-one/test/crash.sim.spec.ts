/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { LmdbEventLog, LmdbOnlineStore } from '@weir/adapters/lmdb';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { decodeRawRecord, runOffline, Tokeniser } from '@weir/pipeline';
import { SystemClock } from '@weir/ports';
import { verdictJson } from '@weir/rules';
import { forSeedsAsync, type SeededRandom } from '@weir/testkit';
import { buildStages, type Stages } from '../src/chain';
import { runFile } from '../src/offline/file-run';
import { definitionSet, definitionsText, TestFolder, testKey } from './suite-fixture';

const eventsCount = 4_000;
const rowsPerRequest = 150;
const killsCount = 3;
const root = join(__dirname, '../../..');

/** Out of order, repeated, late and broken, over few cards, so that windows, lists and patterns have something to do. */
function eventsOf(random: SeededRandom): string[] {
  const rows: string[] = [];
  let nowMs = Date.UTC(2026, 0, 5);
  for (let index = 0; index < eventsCount; index += 1) {
    nowMs += Math.floor(random.exponential(4_000));
    if (random.chance(0.05) && rows.length > 0) { rows.push(random.pick(rows.slice(-200))); continue; }
    const eventTimeMs = nowMs - (random.chance(0.1) ? random.int(0, 120_000) : 0) - (random.chance(0.01) ? 72 * 3_600_000 : 0);
    rows.push(JSON.stringify({
      transaction_id: `t-${index}`, event_time: eventTimeMs, _received_at: nowMs, card_id: `card-${random.int(0, 60)}`, merchant_id: random.chance(0.05) ? null : `m-${random.int(0, 12)}`,
      amount: random.chance(0.01) ? 'broken' : random.chance(0.3) ? random.int(1, 999) : random.chance(0.1) ? random.int(90_001, 200_000) : random.int(1_000, 90_000),
    }));
  }
  return rows;
}

/** The suite in a process of its own. */
class Child {
  private process: ChildProcess | undefined;
  url = '';
  constructor(private readonly node: string, private readonly folder: string) {}

  async start(): Promise<void> {
    const child = spawn(this.node, [join(root, 'dist/services/all-in-one/test/suite-process.js'), this.folder], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '' } });
    this.process = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-4_000); });
    for await (const line of createInterface(child.stdout)) {
      this.url = (JSON.parse(line) as { url: string }).url;
      return;
    }
    throw new Error(`the suite did not start: ${said}`);
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.process;
    this.process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
    return child.exitCode;
  }

  /** undefined when the process went away before it answered. */
  async ask(method: string, path: string, body?: string, type = 'application/json'): Promise<string | undefined> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.url}${path}`, { method, headers: { authorization: `Bearer ${testKey}`, ...(body === undefined ? {} : { 'content-type': type }) }, ...(body === undefined ? {} : { body }) });
      text = await response.text();
    } catch { return undefined; }
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return text;
  }
}

/** Sends all rows while the process is killed now and then, at some moment of a request; after each kill it goes on a little before what was answered last. */
async function sendThroughKills(child: Child, rows: readonly string[], random: SeededRandom): Promise<void> {
  let answered = 0, kills = 0, requestsToKill = random.int(0, 8);
  while (answered < rows.length) {
    const sending = child.ask('POST', '/transactions/batch', rows.slice(answered, answered + rowsPerRequest).join('\n'), 'application/x-ndjson');
    if (kills < killsCount && requestsToKill === 0) {
      await pause(random.int(0, 40));
      await child.end('SIGKILL');
      await sending;
      kills += 1;
      requestsToKill = random.int(1, 8);
      answered = Math.max(0, answered - random.int(0, 3 * rowsPerRequest));
      await child.start();
      continue;
    }
    requestsToKill -= 1;
    if ((await sending) === undefined) throw new Error('the suite ended by itself');
    answered += rowsPerRequest;
  }
  expect(kills).toBe(killsCount);
}

const withoutId = (line: string): string => line.replace(/,"id":"d-\d+-\d+"/, '');
const stagesOf = (): Stages => buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: () => Promise.reject(new Error('no model here')) });

async function offlineVerdicts(file: string, tokeniser: Tokeniser): Promise<string[]> {
  const lines: string[] = [];
  for await (const { outcomes } of runFile({ set: definitionSet(), stages: stagesOf(), events: file, tokeniser })) {
    for (const outcome of outcomes) if (outcome.kind === 'event' && outcome.verdict !== undefined) lines.push(withoutId(verdictJson(outcome.verdict)));
  }
  return lines;
}

type Entries = ReadonlyMap<string, string>;
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function storedState(folder: string): Promise<{ readonly position: number; readonly entries: Entries }> {
  const store = new LmdbOnlineStore({ path: join(folder, 'state') });
  const entries = new Map<string, string>();
  for await (const [key, value] of store.scan(0, '')) entries.set(key, hexOf(value));
  const position = await store.position(0);
  await store.close();
  return { position, entries };
}

/** The state as the log alone gives it, in one go from its first record. */
async function rebuiltState(folder: string, position: number): Promise<Entries> {
  const log = new LmdbEventLog({ path: join(folder, 'log'), lanes: 1, clock: new SystemClock() });
  const records = (await log.read('transactions.raw', 0, 0, position + 1)).map((record) => decodeRawRecord(0, record));
  while (records.length <= position) records.push(...(await log.read('transactions.raw', 0, records.length, position + 1 - records.length)).map((record) => decodeRawRecord(0, record)));
  await log.close();
  const stages = stagesOf();
  for await (const _batch of runOffline(stages, records)) { /* only the state is asked for */ }
  const entries = new Map<string, string>();
  for (const stage of [stages.ingest, ...stages.stages]) for (const [key, value] of stage.takeChanges()) if (value !== undefined) entries.set(key, hexOf(value));
  return entries;
}

function difference(stored: Entries, rebuilt: Entries): string[] {
  const keys = [...new Set([...stored.keys(), ...rebuilt.keys()])].sort();
  return keys.filter((key) => stored.get(key) !== rebuilt.get(key)).map((key) => `${key}: ${stored.get(key)?.slice(0, 80) ?? 'nothing'} stored, ${rebuilt.get(key)?.slice(0, 80) ?? 'nothing'} rebuilt`);
}

describe('a suite killed at any moment', () => {
  let node = '';
  beforeAll(() => { node = execFileSync(process.execPath, [join(root, 'tools/prepare.cjs'), 'run'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim(); });

  it('decides as an undisturbed run over the file does, byte for byte, and its state is what the log says', async () => {
    await forSeedsAsync(1, async (random) => {
      const folder = new TestFolder(), child = new Child(node, join(folder.path, 'data'));
      try {
        const rows = eventsOf(random);
        const file = join(folder.path, 'events.jsonl');
        writeFileSync(file, `${rows.join('\n')}\n`);
        await child.start();
        await child.ask('POST', '/definitions/apply', JSON.stringify({ files: [{ path: 'test.yaml', text: definitionsText }], prune: true }));
        await sendThroughKills(child, rows, random);
        const live = (await child.ask('GET', '/decisions/export') ?? '').trim().split('\n').map(withoutId);
        expect(await child.end('SIGTERM')).toBe(0);

        const tokeniser = new Tokeniser(Buffer.from(readFileSync(join(folder.path, 'data', 'token.key'), 'utf8').trim(), 'hex'));
        const offline = await offlineVerdicts(file, tokeniser);
        expect(offline.length).toBeGreaterThan(eventsCount / 2);
        const differing = offline.findIndex((line, index) => line !== live[index]);
        expect([differing, live[differing], live.length]).toEqual([-1, undefined, offline.length]);

        const { position, entries } = await storedState(join(folder.path, 'data'));
        expect(entries.size).toBeGreaterThan(50);
        expect(difference(entries, await rebuiltState(join(folder.path, 'data'), position)).slice(0, 5)).toEqual([]);
      } finally {
        await child.end('SIGKILL');
        folder.remove();
      }
    });
  });
});
