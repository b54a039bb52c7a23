/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRowBatches } from '@weir/adapters/files';
import { Tokeniser } from '@weir/pipeline';
import { forSeedsAsync } from '@weir/testkit';
import { answerRows } from '../src/offline/answer-rows';
import { openSource } from '../src/offline/lane-source';
import { TestFolder } from './suite-fixture';

const handbook = join(__dirname, '../../../examples/handbook');
interface Compared { readonly rows: number; readonly values: number; readonly different: number; readonly differences: readonly string[] }
const { compare } = require(join(handbook, 'duckdb-oracle.cjs')) as { compare: (file: string, answers: AsyncIterable<string>) => Promise<Compared> };

const count = 2_500, secondMs = 1_000;

describe('features and the same features in SQL written by hand', () => {
  const folder = new TestFolder();
  afterAll(() => folder.remove());

  it('agree in every value, at the edges of windows and among events of one moment too', async () => {
    await forSeedsAsync(1, async (random) => {
      const file = join(folder.path, `tx-${random.int(0, 1e9)}.csv`), lines = ['transaction_id,event_time,customer_id,terminal_id,amount,fraud'];
      let timeMs = Date.UTC(2026, 0, 1);
      for (let index = 0; index < count; index++) {
        // Steps that meet the edges of windows exactly, now and then.
        timeMs += random.pick([0, 0, 600 * secondMs, 3_600 * secondMs, 86_400 * secondMs / 40, random.int(1, 2_000) * secondMs]);
        lines.push([index, timeMs, `c${random.int(0, 30)}`, `t${random.int(0, 50)}`, (random.int(0, 30_000) / 100).toFixed(2), 0].join(','));
      }
      writeFileSync(file, `${lines.join('\n')}\n`);
      const source = await openSource({ definitions: join(handbook, 'definitions.yaml'), events: file }, { local: () => new Tokeniser(Buffer.alloc(32)), ofKey: () => new Tokeniser(Buffer.alloc(32)) });
      const rows = async function* (): AsyncGenerator<Record<string, unknown>> {
        for await (const batch of readRowBatches(file)) for (const { row } of batch) yield { transaction_id: row['transaction_id'], customer_id: row['customer_id'], terminal_id: row['terminal_id'], time: Number(row['event_time']) };
      };
      const { rows: compared, values, differences } = await compare(file, answerRows({ source, rows: rows(), asKnown: false, asDecided: false }));
      expect(differences).toEqual([]);
      expect([compared, values]).toEqual([count, count * 15]);
    });
  });
});
