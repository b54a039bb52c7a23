import { readFileSync } from 'node:fs';
import { documentsFromJson, resolveCanonicalSet, resolveSet } from '@weir/definitions';
import { numberRecords, runOffline, toRawBody } from '@weir/pipeline';
import type { RawBody, StreamEvent } from '@weir/contracts';
import { IngestStage } from '@weir/ingest';
import { answerFeatureCase } from '@weir/features';
import { vectorToRecord } from '@weir/contracts';
import { FeatureStage } from './feature-stage';

const same = (w: any, g: any, tol: number): boolean => {
  if (typeof w === 'number' && typeof g === 'number') return Math.abs(w - g) <= Math.max(tol, tol * Math.abs(w));
  if (Array.isArray(w) && Array.isArray(g)) return w.length === g.length && w.every((x, i) => same(x, g[i], tol));
  if (w && g && typeof w === 'object' && typeof g === 'object') return Object.keys(w).length === Object.keys(g).length && Object.keys(w).every((k) => same(w[k], g[k], tol));
  return w === g;
};

it('agrees with cases', async () => {
  let bad = 0, n = 0;
  for (const line of readFileSync(`/work/shared/cases/windows/public.jsonl`, 'utf8').split('\n')) {
    if (line === '') continue;
    const c = JSON.parse(line) as any;
    if (c.meta.mode === 'decide') continue;
    n++;
    try {
      const set = resolveSet(documentsFromJson(c.definitions));
      const bodies: RawBody[] = [{ kind: 'definitions', setId: set.id, json: set.canonicalJson }];
      for (const e of c.events) {
        const r = toRawBody(e, { sources: set.sources, mayReplay: true, ownClock: true });
        bodies.push(r.kind === 'body' ? r.body : r.standIn);
      }
      const events: StreamEvent[] = [];
      for await (const batch of runOffline({ ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] }, numberRecords(bodies), { batchMax: 100 })) for (const o of batch.outcomes as any[]) if (o.kind === 'event') events.push(o.event); else if (o.item?.kind === 'event') events.push(o.item.event);
      const rows = answerFeatureCase({ set, acceptedEvents: events, rows: c.at, asKnown: !!c.as_known, asDecided: !!c.as_decided });
      const diffs: string[] = [];
      c.expected.rows.forEach((w: any, i: number) => {
        const g = rows[i] as any;
        for (const [name, value] of Object.entries(w.features)) {
          if (!same(value, g.features[name], c.meta.tol ?? 1e-9)) diffs.push(`row ${i} ${name}: want ${JSON.stringify(value)} got ${JSON.stringify(g.features[name])} ${JSON.stringify(c.at[i])}`);
          const ws = w.statuses[name] ?? 'PRESENT';
          if (ws !== g.statuses[name]) diffs.push(`row ${i} ${name}: status want ${ws} got ${g.statuses[name]}`);
        }
      });
      if (diffs.length > 0) { bad++; if (bad < 15) console.log(c.name, events.length, diffs.slice(0, 5).join('\n')); }
    } catch (e) { bad++; if (bad < 15) console.log(c.name, (e as Error).stack, JSON.stringify((e as any).findings)); }
  }
  console.log(n, 'cases', bad, 'bad');
}, 120000);

it('agrees with decide cases', async () => {
  let bad = 0, n = 0;
  for (const line of readFileSync(`/work/shared/cases/windows/public.jsonl`, 'utf8').split('\n')) {
    if (line === '') continue;
    const c = JSON.parse(line) as any;
    if (c.meta.mode !== 'decide') continue;
    n++;
    try {
      const set = resolveSet(documentsFromJson(c.definitions));
      const bodies: RawBody[] = [{ kind: 'definitions', setId: set.id, json: set.canonicalJson }];
      for (const e of c.events) {
        const r = toRawBody(e, { sources: set.sources, mayReplay: true, ownClock: true });
        bodies.push(r.kind === 'body' ? r.body : r.standIn);
      }
      const got: any[] = [];
      const stage = new FeatureStage({ lane: 0 });
      const ingest = new IngestStage({ resolveSet: resolveCanonicalSet });
      let fs = stage; const store = new Map<string, Uint8Array>();
      const state = { get: (k: string) => store.get(k), scan: () => [] };
      const items: any[] = [];
      for (const r of numberRecords(bodies)) items.push(...ingest.process([r as any]).filter((o: any) => o.kind === 'event' || o.kind === 'definitions' || o.kind === 'tick'));
      for (let i = 0; i < items.length; i += 3) {
        fs.process(items.slice(i, i + 3));
        for (const [k, v] of fs.takeChanges()) store.set(k, v!);
        if (i % 2 === 0) { fs = new FeatureStage({ lane: 0 }); await fs.restore(state); }
      }
      for (const it of items) if (it.kind === 'event') got.push({ transaction_id: it.event.id, ...vectorToRecord(it.vector) });
      const diffs: string[] = [];
      c.expected.decisions.forEach((w: any, i: number) => {
        const g = got[i] as any;
        if (g?.transaction_id !== w.transaction_id) { diffs.push(`${i}: tx ${g?.transaction_id} want ${w.transaction_id}`); return; }
        for (const [name, value] of Object.entries(w.features)) {
          if (!same(value, g.features[name], c.meta.tol ?? 1e-9)) diffs.push(`dec ${i} ${name}: want ${JSON.stringify(value)} got ${JSON.stringify(g.features[name])}`);
          const ws = w.statuses[name] ?? 'PRESENT';
          if (ws !== g.statuses[name]) diffs.push(`row ${i} ${name}: status want ${ws} got ${g.statuses[name]}`);
        }
      });
      if (diffs.length > 0) { bad++; if (bad < 15) console.log(c.name, diffs.slice(0, 5).join('\n')); }
    } catch (e) { bad++; if (bad < 15) console.log(c.name, (e as Error).stack, JSON.stringify((e as any).findings)); }
  }
  console.log(n, 'cases', bad, 'bad');
}, 120000);
