/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const folder = new TestFolder();
const suite = new SuiteFixture(folder.path);

beforeAll(async () => {
  await suite.start();
  expect((await suite.apply(definitionsText)).status).toBe(200);
  const rows = Array.from({ length: 600 }, (_, index) => ({ transaction_id: `t-${index}`, event_time: Date.now() - 900_000 + index * 1_000 - (index % 9 === 0 ? 20_000 : 0), card_id: `c-${index % 40}`, merchant_id: `m-${index % 5}`, amount: index }));
  expect((await suite.ask('POST', '/transactions/batch', rows)).status).toBe(200);
});
afterAll(async () => {
  await suite.stop();
  folder.remove();
});

describe('the check of served values', () => {
  it('finds them to be what the log gives, late events included, and shows its figures', async () => {
    const figures = await suite.suite.verification.pass(1);
    expect(figures).toMatchObject({ passes: 1, different: 0, examples: [] });
    expect(figures.same).toBeGreaterThan(20);
    expect((await suite.ask('GET', '/verification')).json).toMatchObject({ passes: 1, different: 0, same: figures.same });
    expect((await suite.ask('GET', '/metrics')).json['text']).toContain('weir_verify_online_keys_total{became="same"}');
  });
});
