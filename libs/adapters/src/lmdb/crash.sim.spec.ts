import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SystemClock } from '@weir/ports';
import { LmdbEventLog, LmdbOnlineStore } from './index';

/** Lets a process write until it has acknowledged so much, kills it at once, and gives what it had acknowledged. */
async function killWriter(folder: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(__dirname, 'testing/typescript-child.cjs'), join(__dirname, 'testing/busy-writer.ts'), folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [], gone = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line);
    if (acknowledged.length === lines) child.kill('SIGKILL');
  }
  await gone;
  return acknowledged;
}

describe('A process on LMDB that is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-crash-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has lost nothing that it acknowledged, and left nothing half done, time after time', async () => {
    let before = 0;
    for (const lines of [40, 200, 90]) {
      const acknowledged = await killWriter(folder, lines);
      expect(acknowledged.length).toBeGreaterThanOrEqual(lines);
      const log = new LmdbEventLog({ path: `${folder}/log`, lanes: 1, clock: new SystemClock() }), store = new LmdbOnlineStore({ path: `${folder}/store` });
      const records = await log.read('transactions.raw', 0, 0, 1_000_000), texts = records.map(({ value }) => Buffer.from(value).toString());
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
      for (let offset = before; offset < texts.length; offset += 2) expect(texts[offset]).toBe(texts[offset + 1]);
      for (const line of acknowledged) {
        const [what, at = '', text] = line.split(' ');
        if (what === 'appended') expect([at, texts[Number(at)], texts[Number(at) + 1]]).toEqual([at, text, text]);
      }
      before = texts.length;
      const position = await store.position(0), last = acknowledged.filter((line) => line.startsWith('published')).at(-1);
      expect(position).toBeGreaterThanOrEqual(Number(last?.split(' ')[1] ?? -1));
      for (const [, value] of store.scanSync(0, '')) expect(Buffer.from(value).toString()).toBe(String(position));
      await store.clear(0);
      await Promise.all([log.close(), store.close()]);
    }
  });

  it('left its folder to whoever comes next, and to nobody while it lives', async () => {
    const log = new LmdbEventLog({ path: `${folder}/log`, lanes: 1, clock: new SystemClock() });
    expect(() => new LmdbEventLog({ path: `${folder}/log`, lanes: 1, clock: new SystemClock() })).toThrow(expect.objectContaining({ code: 'WEIR_FENCED' }) as Error);
    await log.close();
  });
});
