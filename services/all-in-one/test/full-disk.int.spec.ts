/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { describeOn } from '@weir/adapters/testing-servers';
import { SystemClock } from '@weir/ports';
import { SmallDisk } from '../src/torture/small-disk';
import { soon } from './soon';
import { definitionsWith, SuiteFixture, TestFolder, type Answer } from './suite-fixture';

const folder = new TestFolder();
const disk = SmallDisk.mount(join(folder.path, 'disk'), '256m');
const smallDisk = disk === undefined ? { name: 'a small disk', unavailable: 'a file system in memory can be mounted by root alone' } : { name: 'a small disk', url: '' };

describeOn(smallDisk, () => {
  afterAll(() => { disk?.unmount(); folder.remove(); });
  beforeEach(() => disk?.free());

  it('refuses appends to the log while it is full, and takes them again when there is room, with nothing missing', async () => {
    const open = (): LmdbEventLog => new LmdbEventLog({ path: join(disk?.path ?? '', 'log-alone'), lanes: 1, clock: new SystemClock() });
    const log = open(), taken: string[] = [];
    const append = async (text: string): Promise<void> => { await log.append('transactions.raw', 0, [{ key: null, headers: {}, value: Buffer.from(text.padEnd(50_000)) }]); taken.push(text); };
    await append('before');
    disk?.fill();
    let refused = 0;
    for (let index = 0; index < 20; index++) await append(`full ${index}`).catch((error: unknown) => { refused++; expect(error).toMatchObject({ code: 'WEIR_LOG_FAILED', retriable: true, message: expect.stringContaining('is the disk full?') as string }); });
    expect(refused).toBeGreaterThan(10);
    disk?.free();
    await append('after');
    await log.close();
    const again = open(), held = (await again.read('transactions.raw', 0, 0, 100)).map(({ value }) => Buffer.from(value).toString().trim());
    await again.close();
    expect(held).toEqual(taken);
  });

  it('is answered with 503 by a suite, which decides what it had taken and goes on when there is room', async () => {
    const suite = new SuiteFixture(join(disk?.path ?? '', 'suite'), { env: { WEIR_MONITOR: 'false' } });
    await suite.start();
    expect((await suite.apply(definitionsWith(['deadline: 60s', 'deadline: 5s']))).status).toBe(200);
    const decidedById = new Map<string, unknown>();
    let sent = 0;
    const send = async (): Promise<Answer> => {
      const id = `t-${sent++}`;
      const answer = await suite.ask('POST', '/transactions', { transaction_id: id, event_time: new Date(1_700_000_000_000 + sent * 1_000).toISOString(), card_id: `c-${sent % 7}`, merchant_id: 'm'.repeat(8_000), amount: 100 * sent });
      if (answer.status === 200) decidedById.set(id, answer.json['id']);
      return answer;
    };
    for (let index = 0; index < 20; index++) expect((await send()).status).toBe(200);
    disk?.fill();
    const refused = await soon(send, ({ status }) => status !== 200 && status !== 202);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(refused.json).toMatchObject({ type: 'urn:weir:problem:WEIR_LOG_FAILED', status: 503 });
    expect((await suite.ask('GET', '/healthz')).status).toBe(200);
    disk?.free();
    await soon(send, ({ status }) => status === 200);
    for (let index = 0; index < 20; index++) expect((await send()).status).toBe(200);
    // What was taken (200, or 202 while an output could not be written) has one decision; what was refused has none, or can be sent again.
    for (const [id, decision] of decidedById) expect(await soon(() => suite.ask('GET', `/transactions/${id}`), ({ status }) => status === 200)).toMatchObject({ json: { id: decision } });
    await soon(() => suite.ask('GET', '/readyz'), ({ status }) => status === 200);
    await suite.stop();
    await suite.start();
    for (const [id, decision] of decidedById) expect((await suite.ask('GET', `/transactions/${id}`)).json['id']).toBe(decision);
    await suite.stop();
  });
});
