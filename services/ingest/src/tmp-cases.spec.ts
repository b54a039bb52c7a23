import { readFileSync } from 'node:fs';
import { documentsFromJson, resolveCanonicalSet, resolveSet } from '@weir/definitions';
import { numberRecords, runOffline, toRawBody } from '@weir/pipeline';
import type { RawBody } from '@weir/contracts';
import { IngestStage } from './ingest-stage';

it('agrees with cases', async () => {
  let bad = 0, n = 0, events = 0;
  for (const file of ['windows', 'decisions']) for (const line of readFileSync(`/work/shared/cases/${file}/public.jsonl`, 'utf8').split('\n')) {
    if (line === '') continue;
    const c = JSON.parse(line) as any;
    if (c.expected.error) continue;
    let set;
    try { set = resolveSet(documentsFromJson(c.definitions)); } catch (e) { console.log(c.name, (e as Error).message, JSON.stringify((e as any).findings)); bad++; continue; }
    const bodies: RawBody[] = [{ kind: 'definitions', setId: set.id, json: set.canonicalJson }];
    const raw = (line.match(/1e400/) ? 1 : 0);
    for (const e of c.events) {
      const r = toRawBody(e, { sources: set.sources, mayReplay: true, ownClock: true });
      bodies.push(r.kind === 'body' ? r.body : r.standIn);
    }
    const q: any[] = [], d: number[] = [];
    const size = 1 + n % 7;
    for await (const batch of runOffline({ ingest: new IngestStage({ resolveSet: resolveCanonicalSet }), stages: [] }, numberRecords(bodies), { batchMax: size })) {
      for (const o of batch.outcomes) {
        if (o.kind === 'quarantined') q.push({ index: o.offset - 1, reason: o.reason, ...(o.reason === 'invalid' ? { field: o.field } : {}) });
        if (o.kind === 'duplicate') d.push(o.offset - 1);
        if (o.kind === 'skipped') q.push('skipped');
      }
    }
    n++; events += c.events.length;
    const eq = (c.expected.quarantined ?? []).map((x: any) => ({ index: x.index, reason: x.reason, ...(x.field && x.reason === 'invalid' ? { field: x.field } : {}) }));
    const q2 = q.map((x, i) => (eq[i] && eq[i].field === undefined ? { index: x.index, reason: x.reason } : x));
    if (JSON.stringify(q2) !== JSON.stringify(eq) || JSON.stringify(d) !== JSON.stringify(c.expected.duplicates ?? [])) { bad++; if (bad < 12) console.log(c.name, JSON.stringify(q), JSON.stringify(eq), d, c.expected.duplicates, raw); }
  }
  console.log(n, 'cases', events, 'events', bad, 'bad');
}, 120000);
