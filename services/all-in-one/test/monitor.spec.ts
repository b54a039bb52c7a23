/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { soon } from './soon';
import { definitionsText, SuiteFixture, TestFolder, testKey, type Answer } from './suite-fixture';

const folder = new TestFolder();
const env = { WEIR_LABEL_DELAY_MS: '0', WEIR_DRIFT_WINDOW_MS: '3600000' };
const suite = new SuiteFixture(folder.path, { env });
const file = (name: string): Uint8Array => readFileSync(join(__dirname, 'models', name));
const hourMs = 3_600_000, startMs = Math.floor(Date.now() / hourMs) * hourMs - 48 * hourMs;
let sent = 0;

const put = async (path: string, bytes: Uint8Array, backgroundOf?: string): Promise<string> => {
  const url = `${suite.suite.server.url}/models/files?path=${encodeURIComponent(path)}${backgroundOf === undefined ? '' : `&background_of=${backgroundOf}`}`;
  const response = await fetch(url, { method: 'PUT', headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/octet-stream' }, body: Uint8Array.from(bytes) });
  return String((await response.json() as Record<string, unknown>)['sha256']);
};
/** A batch of an hour; the amounts spread over those of the background rows. */
async function hour(index: number, count: number, amountOf: (row: number) => number): Promise<void> {
  const rows = Array.from({ length: count }, (_, row) => ({ transaction_id: `t-${sent++}`, event_time: startMs + index * hourMs + row, _received_at: startMs + index * hourMs + row, card_id: `c-${row}`, merchant_id: 'm-1', amount: amountOf(row), status: 'authorised' }));
  expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
}
const usual = (row: number): number => 100 + ((row * 7_919) % 50_000);
const label = (of: ReadonlyArray<readonly [id: string, fraud: boolean]>): Promise<Answer> => suite.ask('POST', '/labels', { labels: of.map(([transaction_id, fraud]) => ({ transaction_id, fraud, by: 'test' })) });
/** After turns of the monitors. */
const watched = (holds: () => Promise<boolean>): Promise<boolean> => soon(async () => {
  await suite.suite.monitors.run();
  return holds();
});
const weeks = async (): Promise<Array<Record<string, unknown>>> => (await suite.ask('GET', '/models/quality?model=risk')).json['weeks'] as Array<Record<string, unknown>>;
const windows = async (): Promise<Array<{ features: Array<Record<string, unknown>> }>> => (await suite.ask('GET', '/models/drift')).json['windows'] as Array<{ features: Array<Record<string, unknown>> }>;
const alerts = async (): Promise<Array<{ text: string }>> => (await suite.ask('GET', '/alerts?raised_by=risk')).json['alerts'] as Array<{ text: string }>;

beforeAll(async () => {
  await suite.start();
  const sha256 = await put('steady.onnx', file('steady.onnx'));
  const background = Array.from({ length: 200 }, (_, row) => `${usual(row * 3)},1`).join('\n');
  await put('background.csv', Buffer.from(`tx:amount,card_velocity:tx_count_5m\n${background}\n`), sha256);
  expect((await suite.apply(`${definitionsText}---\n{ kind: FeatureService, name: inputs, features: ["tx:amount", "card_velocity:tx_count_5m"] }\n---\n{ kind: Model, name: risk, file: steady.onnx, features: inputs, output: p, background: background.csv }\n`)).status).toBe(200);
});
afterAll(async () => { await suite.stop(); folder.remove(); });

describe('the monitors of a running suite', () => {
  it('show the models in force and how they did in the last minute', async () => {
    await hour(0, 600, usual);
    expect((await suite.ask('GET', '/models')).json).toEqual({ models: [expect.objectContaining({ name: 'risk', version: 1, role: 'champion', last_minute: expect.objectContaining({ rows: 600, errors: 0 }) as unknown })] });
  });

  it('measure quality when labels come', async () => {
    await watched(async () => (await weeks()).reduce((sum, { decisions }) => sum + Number(decisions), 0) === 600);
    await label([['t-3', true], ['t-4', false]]);
    await watched(async () => (await weeks()).some(({ frauds }) => frauds === 1));
    const [week] = await weeks();
    expect(week).toMatchObject({ model: 'risk', version: 1, answers: true, mature: expect.closeTo(1, 2) as number, alert_rate: expect.any(Number) as number, auc: expect.any(Number) as number, card_precision: { k: 100 } });
  });

  it('ask for retraining when an answer was more than 0.5 away from its label, once an hour', async () => {
    // p of an amount of 90,000 is 0.64 at first use of a card, of 1,000 it is 0.02.
    await hour(1, 3, (row) => [90_000, 1_000, 1_000][row] ?? 0);
    await watched(async () => (await weeks()).reduce((sum, { decisions }) => sum + Number(decisions), 0) === 603);
    const before = (await alerts()).filter(({ text }) => text.includes('trained again')).length;
    await label([['t-600', true]]);
    await label([['t-601', false]]);
    await watched(async () => { await suite.suite.monitors.run(); return true; });
    expect((await alerts()).filter(({ text }) => text.includes('trained again'))).toHaveLength(before);
    await label([['t-600', false], ['t-602', true], ['t-601', true]]);
    await watched(async () => /weir_models_retrain_requests_total\{model="risk",reason="high_error"\} [3-9]/.test(await metrics()));
    const raised = (await alerts()).filter(({ text }) => text.includes('trained again'));
    expect(raised.length).toBe(1);
  });

  it('name the features that drifted, and ask for retraining', async () => {
    await hour(2, 600, usual);
    await hour(3, 400, () => 40_000);
    await hour(4, 1, usual);
    const wish = async (): Promise<string | undefined> => (await alerts()).map(({ text }) => text).find((text) => text.includes('trained again') && text.includes('drifted'));
    await watched(async () => (await wish()) !== undefined);
    expect(await wish()).toContain('tx:amount');
    expect(await wish()).not.toContain('event_time');
    const drifted = (await windows())[0]?.features.filter(({ passed }) => (passed as string[]).length > 0).map(({ feature }) => feature);
    expect(drifted).toContain('tx:amount');
    expect(await metrics()).toMatch(/weir_models_drifted_features_count [1-9]/);
  });

  it('go on where they were after a stop', async () => {
    await watched(async () => (await metrics()).includes('weir_models_monitor_behind_count 0'));
    const before = { weeks: await weeks(), windows: await windows() };
    await suite.stop();
    await suite.start();
    await watched(() => Promise.resolve(true));
    expect({ weeks: await weeks(), windows: await windows() }).toEqual(before);
  });
});

const metrics = async (): Promise<string> => String((await suite.ask('GET', '/metrics')).json['text']);
