import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import type { RawRecord } from '@weir/contracts';
import { decidedSource, type DefinitionSet } from '@weir/definitions';
import { readGatewayOptions, type SubmittedRow } from '@weir/gateway';
import { runOffline } from '@weir/pipeline';
import { createLogger } from '@weir/platform';
import { simulate } from '@weir/simulator';
import { buildStages } from '../chain';
import { applyFolder } from '../commands/up';
import { repositoryRoot } from '../folders';
import { modelFilesBelow } from '../model-files';
import { Suite } from '../suite/suite';
import { cpuMicros, latencyFigures, round, rssMb, threadCpuMicros, type Figure } from './figures';

const rowsPerBatch = 512;
const batchesInFlight = 6;
const tickMs = 5;
const decidedWaitMs = 60_000;
const definitionsPath = join(repositoryRoot(), 'examples', 'definitions');

/**
 * Everything in process: JSON events appended to the synced log, five stages with the example definitions and model, decisions stored.
 * Throughput with a few batches always under way; latency at half of that, from submit to the decision, per event. Then the stages alone in this thread,
 * without edge, log, answers and sinks: the difference is what those cost.
 */
export async function* run(quick: boolean): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  const suite = new Suite({ dataDir: folder, lanes: 1, gateway: readGatewayOptions({}), logger: createLogger({ service: 'bench', level: 'error' }), env: process.env });
  const [stores, lanes] = suite.resources;
  if (stores === undefined || lanes === undefined) throw new Error('the suite has its stores and lanes first');
  await stores.start();
  await lanes.start();
  await applyFolder(suite, definitionsPath);
  const set = suite.definitions.set;
  const work = `${[...set.views.values()].reduce((sum, view) => sum + view.features.length, 0)} features, ${set.rules.size} rules, ${set.patterns.size} patterns, ${set.models.size} model; one lane, JSON in, decisions stored`;
  try {
    const rows = takeRows(quick ? 120_000 : 400_000);
    const warm = Math.floor(rows.length / 6);
    await flood(suite, rows.slice(0, warm));
    const measured = rows.slice(warm, Math.floor(rows.length * 0.8));
    const cpuBefore = cpuMicros(), threadBefore = threadCpuMicros();
    const startedAtMs = performance.now();
    await flood(suite, measured);
    const seconds = (performance.now() - startedAtMs) / 1_000, cpu = cpuMicros() - cpuBefore, threadAfter = threadCpuMicros();
    const perSecond = measured.length / seconds;
    yield { bench: 'decide', metric: 'throughput', value: round(perSecond), unit: '/s', n: measured.length, work };
    yield { bench: 'decide', metric: 'cpu_per_item', value: round(cpu / measured.length), unit: 'us', n: measured.length, work };
    if (threadBefore !== undefined && threadAfter !== undefined) yield { bench: 'decide', metric: 'main_thread_cpu_per_item', value: round((threadAfter - threadBefore) / measured.length), unit: 'us', n: measured.length, work };
    yield* latencyFigures('decide', await steady(suite, rows.slice(Math.floor(rows.length * 0.8)), perSecond / 2), `${work}; at ${Math.round(perSecond / 2)}/s`);
    yield { bench: 'decide', metric: 'rss', value: rssMb(), unit: 'MB', n: rows.length, work };
    yield* await stagesAlone(set, rows, warm);
  } finally {
    await lanes.stop();
    await stores.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function stagesAlone(set: DefinitionSet, rows: readonly string[], warm: number): Promise<Figure[]> {
  const stages = buildStages({ lane: 0, runtime: new OnnxModelRuntime(), loadFile: modelFilesBelow(definitionsPath) }), work = 'the five stages alone over records in memory, one thread';
  let taken = 0, startedAtMs = Number.NaN, cpuBefore = 0;
  for await (const { records } of runOffline(stages, rawRecords(set, rows))) {
    taken += records.length;
    if (Number.isNaN(startedAtMs) && taken >= warm) { taken = 0; startedAtMs = performance.now(); cpuBefore = cpuMicros(); }
  }
  const seconds = (performance.now() - startedAtMs) / 1_000, cpu = cpuMicros() - cpuBefore;
  await stages.scoring.close();
  return [
    { bench: 'decide', metric: 'stages_throughput', value: round(taken / seconds), unit: '/s', n: taken, work },
    { bench: 'decide', metric: 'stages_cpu_per_item', value: round(cpu / taken), unit: 'us', n: taken, work },
  ];
}

/** As the log would give them: the set, then the events, received at their own time. */
function* rawRecords(set: DefinitionSet, rows: readonly string[]): Generator<RawRecord> {
  yield { lane: 0, offset: 0, appendedAtMs: 0, body: { kind: 'definitions', setId: set.id, json: set.canonicalJson } };
  const source = decidedSource(set);
  for (const [index, json] of rows.entries()) {
    const receivedAtMs = Date.parse((JSON.parse(json) as { event_time: string }).event_time); // written by takeRows
    yield { lane: 0, offset: index + 1, appendedAtMs: receivedAtMs, body: { kind: 'event', source: source?.name ?? '', json, receivedAtMs, idempotency: undefined, replyTo: undefined } };
  }
}

/** Events as text, as they come over the wire: parsed when they are sent, so that the benchmark keeps no objects alive. */
export function takeRows(count: number): string[] {
  const rows: string[] = [];
  for (const { event } of simulate({ days: 3_650, customers: 20_000, terminals: 10_000, seed: 'bench' })) {
    rows.push(JSON.stringify(event));
    if (rows.length === count) break;
  }
  return rows;
}

const submitted = (json: string): SubmittedRow => ({ json, event: JSON.parse(json) as Record<string, unknown>, receivedAtMs: undefined, idempotency: undefined });
const submit = (suite: Suite, rows: readonly string[]) => suite.edge.submit(rows.map(submitted), { source: undefined, wait: 'decided', deadlineMs: decidedWaitMs });

export async function flood(suite: Suite, rows: readonly string[]): Promise<void> {
  const under: Promise<unknown>[] = [];
  for (let from = 0; from < rows.length; from += rowsPerBatch) {
    under.push(submit(suite, rows.slice(from, from + rowsPerBatch)));
    if (under.length >= batchesInFlight) await under.shift();
  }
  await Promise.all(under);
}

/** Events at a steady rate, each tick's together; the time of each to its decision, ms. */
export async function steady(suite: Suite, rows: readonly string[], perSecond: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  const under: Promise<void>[] = [];
  const startedAtMs = performance.now();
  let sent = 0;
  while (sent < rows.length) {
    const due = Math.min(rows.length, Math.floor(((performance.now() - startedAtMs) / 1_000) * perSecond));
    if (due > sent) {
      const batch = rows.slice(sent, due);
      sent = due;
      const atMs = performance.now();
      under.push(submit(suite, batch).then(() => { const ms = performance.now() - atMs; for (let index = 0; index < batch.length; index += 1) latenciesMs.push(ms); }));
    }
    await new Promise((resume) => { setTimeout(resume, tickMs); });
  }
  await Promise.all(under);
  return latenciesMs;
}
