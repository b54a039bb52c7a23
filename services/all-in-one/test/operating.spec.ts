import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { LaneKeeper } from '@weir/pipeline';
import { Metrics } from '@weir/platform';
import { workMetrics } from '../src/services/work-metrics';
import { definitionsText, SuiteFixture, TestFolder } from './suite-fixture';

const root = join(__dirname, '../../..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
interface Rule { readonly alert: string; readonly expr: string; readonly annotations: { readonly summary: string; readonly runbook_url: string } }
const rules = (parse(read('deploy/prometheus/alerts.yml')) as { groups: Array<{ rules: Rule[] }> }).groups.flatMap((group) => group.rules);
const panels = readdirSync(join(root, 'deploy/grafana/dashboards')).flatMap((file) => (JSON.parse(read('deploy/grafana/dashboards', file)) as { title: string; panels: Array<{ title: string; targets: Array<{ expr: string }> }> }).panels
  .flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)));
const queries = [...panels, ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const)];

/** What Prometheus itself adds. */
const addedLabels = ['job', 'instance', 'service', 'le'];

/** Series of a text of metrics, each with its labels. */
function seriesOf(text: string): Map<string, Set<string>> {
  const typeByName = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  const labelsBySeries = new Map<string, Set<string>>([...typeByName].filter(([, type]) => type !== 'histogram').map(([name]) => [name, new Set()]));
  for (const [name, type] of typeByName) if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) labelsBySeries.set(`${name}_${part}`, new Set());
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z_]+)\{(.*)\} \S+$/gm)) for (const [, label = ''] of labels.matchAll(/([a-z_]+)="/g)) labelsBySeries.get(name)?.add(label);
  return labelsBySeries;
}

describe('What is watched', () => {
  const folder = new TestFolder();
  let series: Map<string, Set<string>>, families: Set<string>;

  beforeAll(async () => {
    const fixture = new SuiteFixture(folder.path, { grpcPort: 0 });
    await fixture.start();
    await fixture.apply(definitionsText);
    await fixture.ask('POST', '/transactions', { transaction_id: 'a', event_time: Date.now(), card_id: 'c', merchant_id: 'm', amount: 5_000 });
    const suiteText = (await fixture.suite.metrics.text()).body;
    await fixture.stop();
    // What only a service alone has.
    const metrics = new Metrics(), keeper = new LaneKeeper({ build: () => Promise.reject(new Error('none')), onFatal: () => undefined });
    workMetrics(metrics, { service: 'cep', keeper: () => keeper, log: () => { throw new Error('none'); }, input: 'features' }).stop();
    const text = `${suiteText}${(await metrics.text()).body}`;
    series = seriesOf(text);
    families = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name));
  });
  afterAll(() => folder.remove());

  it.each(queries)('%s asks for series that are there, by labels that they have', (_what, expr) => {
    const names = [...expr.matchAll(/\b((?:weir|process|nodejs)_[a-z0-9_]+|up)\b/g)].map(([name]) => name).filter((name) => name !== 'up');
    expect(names.filter((name) => !series.has(name))).toEqual([]);
    for (const [, name = '', selector = ''] of expr.matchAll(/\b((?:weir|process|nodejs)_[a-z0-9_]+)\{([^}]*)\}/g)) {
      const asked = [...selector.matchAll(/([a-z_]+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label);
      expect(asked.filter((label) => !addedLabels.includes(label) && !labelsKnown(name).has(label))).toEqual([]);
    }
    const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = '']) => labels.split(',').map((label) => label.trim()));
    const having = new Set(names.flatMap((name) => [...labelsKnown(name)]));
    expect(grouped.filter((label) => !addedLabels.includes(label) && !having.has(label))).toEqual([]);
  });

  /** Labels that a metric was made with; those of one that has no series yet are as the page has them. */
  const labelsKnown = (name: string): Set<string> => new Set([...(series.get(name) ?? []), ...documentedLabels(name)]);
  const documentedLabels = (name: string): string[] => {
    const row = read('docs/operating/metrics.md').split('\n').find((line) => line.startsWith('|') && line.includes(`\`${name.replace(/_(bucket|sum|count)$/, (suffix) => (families.has(name) ? suffix : ''))}\``));
    return [...(row?.split('|')[3] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label);
  };

  it('is all in the list of metrics, and nothing else is', () => {
    const documented = [...new Set([...read('docs/operating/metrics.md').matchAll(/^\|(.*?)\|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`(weir_[a-z0-9_]+)`/g)].map(([, name = '']) => name)))].sort();
    expect(documented).toEqual([...families].filter((name) => name.startsWith('weir_')).sort());
  });

  it('is on dashboards as their code writes them', () => { execFileSync(process.execPath, [join(root, 'deploy/grafana/dashboards.cjs'), '--check']); });
});

describe('An alert', () => {
  const runbooks = read('docs/operating/runbooks.md');
  const entries = [...(runbooks.split('\n# Without an alert')[0] ?? '').matchAll(/^## (\S+)$/gm)].map(([, name = '']) => name);

  it('has a runbook, and no runbook is without its alert', () => { expect(entries).toEqual(rules.map(({ alert }) => alert)); });
  it.each(rules.map((rule) => [rule.alert, rule] as const))('%s leads to it, which says what it means, where to look and what to do', (alert, { annotations }) => {
    expect(annotations.runbook_url).toBe(`docs/operating/runbooks.md#${alert.toLowerCase()}`);
    const entry = runbooks.slice(runbooks.indexOf(`## ${alert}\n`)).split('\n## ')[0] ?? '';
    for (const part of ['**Means**', '**Look**', '**Do**']) expect(entry).toContain(part);
  });

  const found = spawnSync(process.execPath, [join(root, 'tools/servers/servers.cjs'), 'tool', 'promtool'], { encoding: 'utf8' });
  const { path: promtool, unavailable } = JSON.parse(found.stdout) as { path?: string; unavailable?: string };
  const commands = [['check', 'rules', 'alerts.yml'], ['check', 'config', 'prometheus.yml'], ['test', 'rules', 'alerts.test.yml']];
  if (promtool !== undefined) it.each(commands.map((command) => [command.join(' ')] as const))('is right to promtool: %s', (command) => { execFileSync(promtool, command.split(' '), { cwd: join(root, 'deploy/prometheus') }); });
  else if (process.env['CI'] === 'true') it('is right to promtool', () => { throw new Error(`promtool is needed: ${unavailable}`); });
  else it.skip(`DID NOT RUN with promtool (${unavailable})`, () => undefined);
});
