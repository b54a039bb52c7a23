// Puts the counts of several runs of the same definitions side by side: outcomes, and how often each rule and pattern fired and was unknown.
//   node compare-counts.mjs LIVE.jsonl BACKTEST.json [NAME=BACKTEST.json:before|after …]
// LIVE.jsonl holds verdicts of `weir decisions`; counts of a rule's shadow (`shadow_…`) stand in a column of their own. Exit 1 where two differ.
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const prefix = 'shadow_';
const outcomes = ['approve', 'review', 'block'];
const [livePath, ...reports] = process.argv.slice(2);
const live = { fired: {}, unknown: {} }, shadow = { fired: {} };
for (const name of outcomes) live.fired[`outcome ${name}`] = 0;
let lists = 0;
const count = (into, name) => { into[name] = (into[name] ?? 0) + 1; };
for await (const line of createInterface({ input: createReadStream(livePath) })) {
  const verdict = JSON.parse(line);
  count(live.fired, `outcome ${verdict.outcome}`);
  for (const name of [...verdict.rules, ...verdict.patterns]) count(live.fired, name);
  for (const name of verdict.unknown) count(live.unknown, name);
  for (const name of verdict.shadow) if (name.startsWith(prefix)) count(shadow.fired, name.slice(prefix.length)); else count(live.fired, name);
  lists += verdict.list_changes.length;
}

const columns = [{ title: 'live', ...live }];
for (const given of reports) {
  const [, title, path, side] = /^([^=]+)=(.+):(before|after)$/.exec(given) ?? [];
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const column = { title, fired: Object.fromEntries(outcomes.map((name) => [`outcome ${name}`, report[side][name]])), unknown: {} };
  for (const { rule, [side]: figures } of report.rules) {
    if (rule.startsWith(prefix)) continue;
    column.fired[rule] = figures.fired;
    column.unknown[rule] = figures.unknown;
  }
  columns.push(column);
  if (report.parity) console.log(`${title}: ${report.parity.same} of ${report.parity.compared} stored decisions the same, counts equal: ${report.parity.counts_equal}`);
}

const names = [...new Set(columns.flatMap(({ fired }) => Object.keys(fired)))].sort((a, b) => Number(b.startsWith('outcome')) - Number(a.startsWith('outcome')) || (a < b ? -1 : 1));
let different = 0;
const hasShadows = Object.keys(shadow.fired).length > 0;
console.log([''.padEnd(24), ...columns.map(({ title }) => title.padStart(14)), ...(hasShadows ? ['as shadow'.padStart(14)] : []), 'unknown'.padStart(10)].join(''));
for (const name of names) {
  const fired = columns.map((column) => column.fired[name] ?? 0), unknown = columns.map((column) => column.unknown[name] ?? 0);
  // A rule that is in shadow itself has no shadow of its own.
  const beside = hasShadows && !name.startsWith('outcome') && shadow.fired[name] !== undefined ? [shadow.fired[name]] : [];
  const same = new Set([...fired, ...beside]).size === 1 && new Set(unknown).size === 1;
  if (!same) different += 1;
  console.log([name.padEnd(24), ...fired.map((each) => String(each).padStart(14)), ...(hasShadows ? [String(beside[0] ?? '').padStart(14)] : []), String(unknown[0]).padStart(10), same ? '' : '  DIFFERENT'].join(''));
}
console.log(`${lists} entries were listed by decisions`);
console.log(different === 0 ? 'the counts are the same' : `${different} counts differ`);
process.exit(different === 0 ? 0 : 1);
