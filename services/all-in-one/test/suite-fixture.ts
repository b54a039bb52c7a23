import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocuments, resolveSet, type DefinitionSet } from '@weir/definitions';
import { hashApiKey, readGatewayOptions } from '@weir/gateway';
import { createLogger, Lifecycle } from '@weir/platform';
import { setChecks } from '../src/set-checks';
import { Suite } from '../src/suite/suite';

/** A small set with everything in it that keeps state: windows, a list that rules fill, a pattern, tokens. */
export const definitionsText = `
kind: Source
name: transactions
id: transaction_id
time: event_time
partition_by: card
decide: true
fields: { transaction_id: string!, event_time: timestamp!, card_id: { type: string!, tokenise: true }, merchant_id: string, amount: money!, status: string }
---
{ kind: Entity, name: card, key: card_id }
---
{ kind: Entity, name: merchant, key: merchant_id, hot: true }
---
kind: FeatureView
name: card_velocity
entity: card
source: transactions
features:
  - { name: tx_count, agg: count, windows: [5m, 1h] }
  - { name: amount_sum, agg: sum, of: amount, windows: [1h, 24h] }
  - { name: merchants, agg: distinct, of: merchant_id, windows: [24h] }
  - { name: usual, agg: stddev, of: amount, windows: [24h] }
---
kind: FeatureView
name: merchant_activity
entity: merchant
source: transactions
features:
  - { name: merchant_count, agg: count, windows: [1h] }
  - { name: merchant_p95, agg: p95, of: amount, windows: [1h] }
---
kind: FeatureView
name: card_fraud
entity: card
source: labels
features:
  - { name: fraud_count, agg: count, where: tx.fraud }
---
kind: Pattern
name: small_then_large
key: card
pattern:
  - { name: small, where: tx.amount < 1000, times: 2 }
  - { name: large, followed_by: true, where: tx.amount > 90000 }
within: 30m
weight: 0.6
---
{ kind: List, name: blocked_cards, of: card_id, effect: hard, ttl: 1h }
---
{ kind: Rule, name: large_amount, when: tx.amount > 90000, weight: 0.35 }
---
{ kind: Rule, name: many, when: features.tx_count_5m > 3, weight: 0.5, then: [{ add_to_list: { list: blocked_cards, value: tx.card_id, ttl: 10m } }] }
---
{ kind: Policy, name: default, bands: { review: 0.3, block: 0.8 }, deadline: 60s, max_lag: 1000000 }
`;

/** The same with some words changed. @throws Error where one is not there: a change that changes nothing proves nothing. */
export function definitionsWith(...changes: ReadonlyArray<readonly [from: string, to: string]>): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the definitions of the fixture do not say ${from}`);
    return text.replace(from, to);
  }, definitionsText);
}

export const definitionSet = (text = definitionsText, before?: DefinitionSet): DefinitionSet => resolveSet(parseDocuments([{ file: 'test.yaml', text }]), before, { checks: setChecks });

export interface Answer { readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> }

export const testKey = 'weir_test_key_of_the_suite_fixture';

/** A folder of its own, removed at the end. */
export class TestFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'weir-test-'));
  remove(): void { rmSync(this.path, { recursive: true, force: true }); }
}

/** Longer than any machine is busy. */
const stopDeadlineMs = 300_000;

/** How long a model may take is of no concern where nothing is said of it: a test must not depend on how busy the machine is. */
const unhurried = { WEIR_MODEL_BUDGET_MS: '0', WEIR_MODEL_LATENCY_MAX_MS: '60000', WEIR_BACKTEST_NICENESS: '0' };

/** A suite in this process, over a folder, behind a free port. */
export class SuiteFixture {
  private lifecycle: Lifecycle | undefined;
  private running: Suite | undefined;
  constructor(readonly dataDir: string, private readonly options: { readonly env?: NodeJS.ProcessEnv; readonly fourEyes?: boolean; /** Default 1. */ readonly lanes?: number; /** Of gRPC; without it there is none. */ readonly grpcPort?: number } = {}) {}

  get suite(): Suite {
    if (this.running === undefined) throw new Error('start the fixture first');
    return this.running;
  }

  async start(): Promise<void> {
    const logger = createLogger({ service: 'weir', level: 'error' });
    this.running = new Suite({ dataDir: this.dataDir, lanes: 1, gateway: { ...readGatewayOptions({}), batchDeadlineMs: 60_000, host: '127.0.0.1', port: 0, grpcPort: this.options.grpcPort, consoleDir: undefined }, logger, ...this.options, env: { ...unhurried, ...this.options.env } });
    this.lifecycle = new Lifecycle(this.running.resources, { logger, stopDeadlineMs });
    await this.lifecycle.start();
    const { registry } = this.running;
    if ((await registry.keyBySecretHash(hashApiKey(testKey))) !== undefined) return;
    await registry.addKey({ id: 'k-test', name: 'test', secretHash: hashApiKey(testKey), roles: ['admin', 'replay', 'decide', 'edit', 'read'], createdAtMs: 0, createdBy: 'test', revokedAtMs: null });
  }

  async stop(): Promise<void> {
    const report = await this.lifecycle?.stop();
    this.lifecycle = undefined;
    if (report !== undefined && report.failed.length + report.late.length > 0) throw new Error(`not stopped cleanly: ${[...report.failed, ...report.late].join(', ')}`);
  }

  async ask(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(`${this.suite.server.url}${path}`, {
      method, headers: { authorization: `Bearer ${testKey}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json') && !(response.headers.get('content-type') ?? '').includes('ndjson');
    return { status: response.status, headers: response.headers, json: (isJson && text !== '' ? JSON.parse(text) : { text }) as Record<string, unknown> };
  }

  apply(text: string): Promise<Answer> { return this.ask('POST', '/definitions/apply', { files: [{ path: 'test.yaml', text }], prune: true }); }
}

/** The suite runs with these definitions before the first test of a file, and goes with its folder after the last. */
export function runs(suite: SuiteFixture, folder: TestFolder, definitions: string): void {
  beforeAll(async () => {
    await suite.start();
    expect((await suite.apply(definitions)).status).toBe(200);
  });
  afterAll(async () => {
    await suite.stop();
    folder.remove();
  });
}
