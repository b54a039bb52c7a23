/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { answerCases } from './cases';

const folder = mkdtempSync(join(tmpdir(), 'weir-cases-'));
afterEach(() => { process.exitCode = undefined; });
afterAll(() => { rmSync(folder, { recursive: true }); });

async function answers(kind: 'decide' | 'features' | 'match', lines: readonly string[]): Promise<Record<string, unknown>[]> {
  const file = join(folder, 'given');
  writeFileSync(file, lines.join('\n'));
  const out = new PassThrough(), all = text(out);
  await answerCases(kind, file, out);
  out.end();
  return (await all).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

const definitions = [{ kind: 'Source', name: 's', id: 'id', time: 't', decide: true, fields: { id: 'string!', k: 'string' } }];
const whole = JSON.stringify({ name: 'whole', definitions, events: [{ id: 'a', t: 1 }] });
const silent = (): jest.SpyInstance => jest.spyOn(process.stderr, 'write').mockReturnValue(true);

it.each(['decide', 'features', 'match'] as const)('%s answers the cases beside a line that is none, and says which line', async (kind) => {
  const said = silent();
  const [first, second, third] = await answers(kind, ['{"name": NaN}', '', '[1]', whole]);
  said.mockRestore();
  expect(JSON.stringify(first?.['error'])).toContain('given:1: expected a JSON object, got ');
  expect(JSON.stringify(second?.['error'])).toContain('given:3: expected a JSON object, got [1]');
  expect(third?.['name']).toBe('whole');
  expect(process.exitCode).toBe(2);
});

it('an event that is no object is quarantined at its place', async () => {
  const [answer] = await answers('decide', [JSON.stringify({ name: 'x', definitions, events: [5, { id: 'a', t: 1 }, null, { id: 'a', t: 2 }] })]);
  expect(answer).toMatchObject({ error: null, quarantined: [{ index: 0, reason: 'invalid' }, { index: 2, reason: 'invalid' }], duplicates: [3] });
});

it('lists and tables that nobody defined, and times that are none, are said', async () => {
  const list = { kind: 'List', name: 'l', of: 'k', effect: 'hard' };
  const answered = await answers('decide', [{ lists: { gone: [{ value: 'x' }] } }, { tables: { gone: [] } }, { lists: { l: [{ value: 'x', from: 'soon' }] } }].map((more) => JSON.stringify({ name: 'x', definitions: [...definitions, list], events: [], ...more })));
  expect(answered.map(({ error }) => error)).toEqual(['lists: the definitions have no list gone', 'tables: the definitions have no table gone', 'lists: from: a time is expected (ISO 8601, or ms since the epoch), got "soon"']);
});

it('a time of an entry without a zone is UTC, wherever it runs', async () => {
  const given = { name: 'x', definitions: [...definitions, { kind: 'List', name: 'l', of: 'k', effect: 'hard' }], lists: { l: [{ value: 'v', from: '2025-01-02T10:00:00' }] }, events: [{ id: 'a', t: Date.UTC(2025, 0, 2, 10) - 1, k: 'v' }, { id: 'b', t: Date.UTC(2025, 0, 2, 10), k: 'v' }] };
  const zone = process.env['TZ'];
  process.env['TZ'] = 'America/New_York';
  const [answer] = await answers('decide', [JSON.stringify(given)]);
  if (zone === undefined) delete process.env['TZ']; else process.env['TZ'] = zone;
  expect((answer?.['decisions'] as { lists: string[] }[]).map(({ lists }) => lists)).toEqual([[], ['l']]);
});

it.each([[{}, 'null'], [{ t: 'x', time: 'soon' }, '"soon"'], [{ time: '2025-02-30' }, '"2025-02-30"']])('a row %j, of no event and no time, is said and not answered with nothing', async (row, got) => {
  const given = { name: 'x', definitions: [...definitions, { kind: 'Entity', name: 'e', key: 'k' }, { kind: 'FeatureView', name: 'v', entity: 'e', source: 's', features: [{ name: 'c', agg: 'count' }] }], events: [{ id: 'a', t: 1, k: 'v' }], at: [{ k: 'v', id: 'a' }, { k: 'v', ...row }] };
  const [answer] = await answers('features', [JSON.stringify(given)]);
  expect(answer).toMatchObject({ rows: null, error: `at[1].time: expected a time (ISO 8601, or ms since the epoch), or the id of an event, got ${got}` });
});
