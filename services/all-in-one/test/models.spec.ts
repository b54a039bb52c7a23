/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { soon } from './soon';
import { definitionsText, SuiteFixture, TestFolder, testKey, type Answer } from './suite-fixture';

const folder = new TestFolder();
const patient = new SuiteFixture(join(folder.path, 'patient'), { env: { WEIR_MODEL_ROWS_MIN: '10' } });
const hurried = new SuiteFixture(join(folder.path, 'hurried'), { env: { WEIR_MODEL_ROWS_MIN: '10', WEIR_MODEL_BUDGET_MS: '50', WEIR_MODEL_LATENCY_MAX_MS: '40' } });
let suite = patient;
const file = (name: string): Uint8Array => readFileSync(join(__dirname, 'models', name));
let sent = 0;

const put = async (path: string, bytes: Uint8Array, backgroundOf?: string): Promise<string> => {
  const url = `${suite.suite.server.url}/models/files?path=${encodeURIComponent(path)}${backgroundOf === undefined ? '' : `&background_of=${backgroundOf}`}`;
  const response = await fetch(url, { method: 'PUT', headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/octet-stream' }, body: Uint8Array.from(bytes) });
  return String((await response.json() as Record<string, unknown>)['sha256']);
};
const service = (features: string): string => `---\n{ kind: FeatureService, name: inputs, features: [${features}] }\n`;
const modelText = (name: string, path: string, more = 'role: champion'): string => `---\n{ kind: Model, name: ${name}, file: ${path}, features: inputs, output: p, background: background.csv, ${more} }\n`;
const inOrder = service('"tx:amount", "card_velocity:tx_count_5m"');
/** Puts a file in under a path and applies the set with it. */
async function publish(name: string, more?: string, rest = ''): Promise<Answer> {
  const sha256 = await put(name, file(name));
  await put('background.csv', file('background.csv'), sha256);
  return suite.apply(definitionsText + inOrder + modelText('risk', name, more) + rest);
}
const post = (amount = 5_000): Promise<Answer> => {
  sent += 1;
  return suite.ask('POST', '/transactions', { transaction_id: `t-${sent}`, event_time: Date.now() - 60_000 + sent, card_id: `c-${sent % 40}`, merchant_id: 'm-1', amount });
};
const versionOf = ({ json }: Answer): string => `${(json['model'] as { version: number }).version}`;
/** Posts until it holds; gives every answer. */
async function postUntil(holds: () => Promise<boolean>, amount: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let round = 0; round < 3_000; round += 1) {
    answers.push(...await Promise.all([post(amount), post(), post(amount), post()]));
    if (await holds()) break;
    await new Promise((resume) => { setTimeout(resume, 50); });
  }
  return answers;
}
/** The newest alert about the model; it is written once the former version is in force. */
async function told(): Promise<Record<string, unknown> | undefined> {
  const { versions } = (await suite.ask('GET', '/definitions/versions')).json as { versions: Array<{ readonly applied_at: string }> };
  const sinceMs = Date.parse(versions[0]?.applied_at ?? '');
  const newest = async (): Promise<Record<string, unknown> | undefined> => ((await suite.ask('GET', '/alerts?raised_by=risk&severity=critical')).json['alerts'] as Array<Record<string, unknown>>)[0];
  return soon(newest, (alert) => alert !== undefined && Date.parse(String(alert['at'])) >= sinceMs);
}
const inForce = async (): Promise<Record<string, unknown>> => (await suite.ask('GET', '/definitions/Model/risk')).json;

beforeAll(async () => { await patient.start(); await hurried.start(); });
afterAll(async () => { await patient.stop(); await hurried.stop(); folder.remove(); });

describe('publishing a model', () => {
  it('is refused where the feature service gives another number of features', async () => {
    const sha256 = await put('steady.onnx', file('steady.onnx'));
    await put('background.csv', file('background.csv'), sha256);
    const { status, json } = await suite.apply(definitionsText + service('"tx:amount"') + modelText('risk', 'steady.onnx'));
    expect([status, json['errors']]).toEqual([422, [expect.objectContaining({ field: 'features', expected: '2 features', got: '1' })]]);
  });

  it('is refused where the rows kept with it name its inputs in another order', async () => {
    const { status, json } = await suite.apply(definitionsText + service('"card_velocity:tx_count_5m", "tx:amount"') + modelText('risk', 'steady.onnx'));
    expect(status).toBe(422);
    expect(json['errors']).toEqual([expect.objectContaining({ field: 'column 0', expected: 'card_velocity:tx_count_5m', got: 'tx:amount' }), expect.objectContaining({ field: 'column 1' })]);
  });

  it('is refused where an input is text', async () => {
    const { status, json } = await suite.apply(definitionsText + service('"tx:amount", "tx:merchant_id"') + modelText('risk', 'steady.onnx'));
    expect([status, JSON.stringify(json['errors'])]).toEqual([422, expect.stringContaining('tx:merchant_id')]);
  });

  it('leaves what was in force as it was', async () => {
    expect((await publish('steady.onnx')).status).toBe(200);
    expect((await suite.apply(definitionsText + service('"tx:amount"') + modelText('risk', 'steady.onnx'))).status).toBe(422);
    const { status, json } = await post();
    expect([status, json['model']]).toEqual([200, expect.objectContaining({ name: 'risk', version: 1 })]);
  });
});

describe('a model in a running suite', () => {
  it('is swapped between two transactions without one that fails', async () => {
    const swap = publish('other.onnx');
    let swapped = false;
    void swap.then(() => { swapped = true; });
    const answers = await postUntil(() => Promise.resolve(swapped), 5_000);
    answers.push(await post());
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(versionOf(answers.at(-1) as Answer)).toBe('2');
    expect(answers.every(({ json }) => json['degraded'] === false)).toBe(true);
  });

  it('answers for its share as a challenger, and for none as a shadow', async () => {
    const sha256 = await put('steady.onnx', file('steady.onnx'));
    await put('background.csv', file('background.csv'), sha256);
    expect((await publish('other.onnx', 'role: champion', modelText('rival', 'steady.onnx', 'role: challenger, share: 0.5') + modelText('quiet', 'steady.onnx', 'role: shadow'))).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 40 }, () => post()));
    const names = answers.map(({ json }) => (json['model'] as { name: string }).name);
    expect(new Set(names)).toEqual(new Set(['risk', 'rival']));
    for (const { json } of answers) expect(Object.keys(json['other_models'] as object)).toContain('quiet');
  });

  it.each([['fails.onnx', 'failed'], ['silent.onnx', '']])('goes back to its former version by itself when %s comes, and no transaction is lost', async (name, why) => {
    expect((await publish('steady.onnx')).status).toBe(200);
    const before = await inForce();
    expect((await publish(name)).status).toBe(200);
    const bad = await inForce();
    const answers = await postUntil(async () => (await inForce())['file'] === 'steady.onnx', 500_000);
    answers.push(await post());
    expect(await inForce()).toMatchObject({ file: 'steady.onnx', version: before['version'] });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(versionOf))).toContain(String(bad['version']));
    expect(versionOf(answers.at(-1) as Answer)).toBe(String(before['version']));
    if (why !== '') expect(answers.some(({ json }) => json['degraded'] === true && String(json['degraded_why']).includes(why))).toBe(true);
    const { versions } = (await suite.ask('GET', '/definitions/versions')).json as { versions: Array<Record<string, unknown>> };
    expect(versions[0]).toMatchObject({ by: 'weir model guard', note: expect.stringContaining('was sent back') as string });
    expect(await told()).toMatchObject({ severity: 'critical', raised_by: { kind: 'model', name: 'risk', key: null } });
  });
});

describe('a model that takes too long', () => {
  beforeAll(() => { suite = hurried; });

  it('goes back to its former version by itself, and holds no decision', async () => {
    expect((await publish('steady.onnx')).status).toBe(200);
    const before = await inForce();
    expect((await publish('slow.onnx')).status).toBe(200);
    const bad = await inForce();
    // A run of seconds: those behind it are decided without the model, for it is busy.
    const first = await post(4_000_000);
    expect([first.status, first.json['degraded'], String(first.json['degraded_why'])]).toEqual([200, true, expect.stringContaining('no answer within 50 ms')]);
    const behind = [await post(), await post(), await post()];
    expect(behind.map(({ status, json }) => [status, json['degraded'], String(json['degraded_why']).includes('busy with an earlier batch')])).toEqual(Array(3).fill([200, true, true]));
    expect(versionOf(first)).toBe(String(bad['version']));
    const answers = await postUntil(async () => (await inForce())['file'] === 'steady.onnx', 500_000);
    expect(await inForce()).toMatchObject({ file: 'steady.onnx', version: before['version'] });
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await told()).toMatchObject({ severity: 'critical', status: 'open', case_id: null });
  });
});
