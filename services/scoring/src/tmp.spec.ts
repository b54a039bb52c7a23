/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { readFileSync } from 'node:fs';
import { documentsFromJson, resolveSet } from '@weir/definitions';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import type { LaneItem, Value } from '@weir/contracts';
import { ScoringStage, answerOf } from './index';

const dir = `${__dirname}/../../all-in-one/test/conformance`;
it('runs what needs no features', async () => {
  const bad: string[] = []; let n = 0, decisions = 0;
  for (const line of readFileSync(`${dir}/decisions.jsonl`, 'utf8').split('\n').filter(Boolean)) {
    const c = JSON.parse(line);
    const tags: string[] = c.meta.tags;
    if (c.definitions.some((d: any) => d.kind === 'FeatureView' || d.kind === 'Pattern' || d.kind === 'Table') || c.expected.error || tags.includes('late') || c.expected.duplicates.length || c.expected.quarantined.length) continue;
    n++;
    try {
    const set = resolveSet(documentsFromJson(c.definitions));
    const stage = new ScoringStage({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: (path) => readFileSync(`${dir}/${path}`) });
    const time = { clockMs: 0, watermarkMsBySource: new Map() };
    const items: LaneItem[] = [{ kind: 'definitions', lane: 0, offset: 0, receivedAtMs: 0, time, matches: [], setId: set.id, json: set.canonicalJson }];
    items.push({ kind: 'list', lane: 0, offset: 1, receivedAtMs: 0, time, matches: [], listChanges: Object.entries(c.lists ?? {}).flatMap(([list, es]: any) => es.map((e: any) => ({ op: 'put', list, value: e.value, fromMs: e.from ?? null, untilMs: e.until ?? null, by: '', reason: '' }))) });
    const source = set.sources.get('transactions')!;
    c.events.forEach((e: any, i: number) => {
      const t = typeof e.event_time === 'number' ? e.event_time : Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(e.event_time) ? e.event_time : e.event_time + 'Z');
      const values = source.fields.map((f) => (f.name === 'event_time' ? t : e[f.name] ?? null) as Value);
      const layout = set.layoutBySource.get('transactions')!;
      items.push({ kind: 'event', lane: 0, offset: i + 2, receivedAtMs: t, time, decide: true, late: false, replyTo: undefined, profiles: undefined, positions: undefined, matches: [], patternsKeyed: [], verdict: undefined,
        vector: { layout, numbers: new Float64Array(), others: [], statuses: new Uint8Array() },
        event: { source: 'transactions', id: e.transaction_id, timeMs: t, reportedTimeMs: t, receivedAtMs: t, values, marks: [], extra: undefined } });
    });
    await stage.process(items); if (stage.modelFaults.size) bad.push(JSON.stringify([...stage.modelFaults]));
    const got = items.flatMap((i) => (i.kind === 'event' && i.verdict ? [answerOf(i.verdict) as any] : []));
    const order = (rows: any[]) => rows.map((r) => JSON.stringify(r, Object.keys(r).sort())).sort();
    c.expected.decisions.forEach((w: any, i: number) => {
      decisions++;
      for (const [k, v] of Object.entries<any>(w)) {
        const g = got[i]?.[k];
        const good = k === 'score' ? Math.abs(g - v) <= 1e-6 : Array.isArray(v) && k !== 'overruled' ? k === 'list_changes' ? JSON.stringify(order(g.map((x: any) => ({ list: x.list, value: x.value, until: x.until })))) === JSON.stringify(order(v)) : JSON.stringify([...g].sort()) === JSON.stringify([...v].sort()) : JSON.stringify(g) === JSON.stringify(v);
        if (!good) bad.push(`${c.name} ${w.transaction_id} ${k}: ${JSON.stringify(g)} expected ${JSON.stringify(v)}`);
      }
    });
    } catch (e: any) { bad.push(`${c.name} ${e.message} ${JSON.stringify(e.findings ?? '')}`.slice(0, 600)); }
  }
  console.log(n, decisions, bad.length, bad.slice(0, 25).join('\n'));
}, 60000);
