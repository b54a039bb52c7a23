import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventLog } from '@weir/adapters/lmdb';
import { WeirError } from '@weir/contracts';
import { rawHeaders } from '@weir/pipeline';
import { Clock, type LogRecord } from '@weir/ports';
import { HistoricLog } from '../history/historic-log';
import { compareLanes, type LaneComparison } from './compare-lanes';
import { beginOf, buildFolder, readLaneCount, switchLanes } from './lane-record';
import { openLanes, type OpenLanes } from './open-lanes';
import { LaneSplit, merged, moved, wasHeader, type Placed } from './split-lanes';

export interface RelaneOptions {
  readonly dataDir: string;
  readonly historyPath: string;
  /** How many lanes there shall be. */
  readonly lanes: number;
  readonly progress?: (records: number, of: number) => void;
  /** Records copied before the lanes run them. */
  readonly chunkRecords?: number;
}

/** What became of it. */
export interface Relaned { readonly lanes: number; readonly lanesBefore: number; readonly records: number; readonly comparison: LaneComparison; readonly before: string }

const chunkDefault = 20_000;
/** Of `transactions.raw` all is told again; what these hold was told to somebody. */
const toldTopics = ['alerts', 'matches'] as const;
const readMax = 4_096;

/** What is read of the lanes before goes on with their own time. */
class CopiedTime extends Clock {
  atMs = 0;
  override nowMs(): number { return this.atMs; }
}

/**
 * Another number of lanes for the suite of a folder, which does not run: every record of the lanes so far is told again to new ones beside them, in the order of append, each event in
 * the lane of its key, and the same stages run over them; then values are compared, and the folder changes over in one step. Whatever ends it in between, it goes on when it is called again.
 * @throws WeirError WEIR_USAGE; WEIR_FENCED while the suite runs.
 */
export async function relane(options: RelaneOptions): Promise<Relaned> {
  const { dataDir, lanes, historyPath } = options, now = readLaneCount(dataDir);
  if (now === undefined) throw new WeirError('WEIR_USAGE', `${dataDir}: no suite has kept lanes here`);
  if (now.lanes === lanes) throw new WeirError('WEIR_USAGE', `${dataDir} has ${lanes} lane${lanes === 1 ? '' : 's'} already`);
  const source = await HistoricLog.open(new LmdbEventLog({ path: join(dataDir, 'log'), lanes: now.lanes, clock: new CopiedTime() }), historyPath), before = `lanes-before-${now.generation + 1}`;
  const ends: number[] = [], begin = beginOf(now);
  let firstOffset = 0, records = 0, built: Built;
  try {
    for (let lane = 0; lane < now.lanes; lane += 1) ends.push((await source.bounds('transactions.raw', lane)).next);
    records = ends.reduce((sum, end) => sum + Math.max(end - begin, 0), 0);
    firstOffset = planned(dataDir, { lanes, ends });
    built = await build(options, { source, ends, firstOffset, records });
  } finally { await source.close(); }
  switchLanes(dataDir, { lanes, generation: now.generation + 1, changes: [...now.changes, { before, lanesBefore: now.lanes, firstOffset, copiedUntil: built.copiedUntil }] });
  return { lanes, lanesBefore: now.lanes, records, comparison: built.comparison, before };
}

/** First offset of the new lanes: that of the build under way where it is one for so many lanes of the same records; else it begins anew. */
function planned(dataDir: string, { lanes, ends }: { readonly lanes: number; readonly ends: readonly number[] }): number {
  const folder = buildFolder(dataDir), path = join(folder, 'plan.json'), firstOffset = Math.max(...ends), plan = JSON.stringify({ lanes, ends });
  if (existsSync(path) && readFileSync(path, 'utf8') === plan) return firstOffset;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'builds'), { recursive: true });
  writeFileSync(path, plan);
  return firstOffset;
}

interface Built { readonly copiedUntil: number[]; readonly comparison: LaneComparison }
interface Source { readonly source: HistoricLog; readonly ends: readonly number[]; readonly firstOffset: number; readonly records: number }

async function build(options: RelaneOptions, { source, ends, firstOffset, records }: Source): Promise<Built> {
  const { dataDir, lanes } = options, folder = buildFolder(dataDir), clock = new CopiedTime();
  const log = new LmdbEventLog({ path: join(folder, 'log'), lanes, clock, firstOffset });
  const there = await Promise.all(Array.from({ length: lanes }, (_, lane) => copiedIn(log, lane)));
  const target = await openLanes({ folder, dataDir, log, lanes, clock, firstOffset });
  try {
    for (const runner of target.runners) await runner.start();
    await new Copy(options, { target, clock, there, ends, records }).run(source);
    await Promise.all(target.runners.map((runner) => runner.stop()));
    await carryTold(source, log);
    const comparison = await compareLanes({ dataDir, lanes: ends.length, log: source }, target.stages);
    return { copiedUntil: await Promise.all(target.runners.map(async (_, lane) => (await log.bounds('transactions.raw', lane)).next)), comparison };
  } finally {
    await Promise.allSettled(target.runners.map((runner) => runner.stop({ checkpoint: false })));
    await target.close();
  }
}

/** Records into the new lanes, chunk by chunk, each of which the lanes have run before the next. */
class Copy {
  private readonly split: LaneSplit;
  private readonly chunk: LogRecord[][];
  /** By offset of the first lane before: where the record of a set of definitions stands in each new lane. */
  private readonly setsAt = new Map<number, number[]>();
  private waiting = 0;
  private done = 0;

  constructor(private readonly options: RelaneOptions, private readonly at: { readonly target: OpenLanes; readonly clock: CopiedTime; readonly there: ReadonlyArray<ReadonlyMap<string, number>>; readonly ends: readonly number[]; readonly records: number }) {
    this.split = new LaneSplit(options.lanes);
    this.chunk = Array.from({ length: options.lanes }, () => []);
  }

  async run(source: HistoricLog): Promise<void> {
    for await (const placed of merged(source, this.at.ends)) {
      // A set stands alone between two chunks, so that its place in each lane is known beforehand.
      const isSet = placed.record.headers[rawHeaders.kind] === 'definitions', targets = this.split.targets(placed);
      if (isSet && targets.length > 0) await this.flush();
      if (isSet) this.setsAt.set(placed.record.offset, await Promise.all(targets.map((lane) => this.placeOf(placed, lane))));
      for (const lane of targets) this.put(placed, lane);
      this.waiting += 1;
      if (isSet || this.waiting >= (this.options.chunkRecords ?? chunkDefault)) await this.flush();
      this.options.progress?.(this.done, this.at.records);
    }
    await this.flush();
  }

  private put(placed: Placed, lane: number): void {
    if (this.known(placed, lane) !== undefined) return;
    this.chunk[lane]?.push(moved(placed, (offset) => this.setsAt.get(offset)?.[lane] ?? -1));
    this.at.clock.atMs = Math.max(this.at.clock.atMs, placed.record.appendedAtMs);
  }

  private async placeOf(placed: Placed, lane: number): Promise<number> { return this.known(placed, lane) ?? (await this.at.target.log.bounds('transactions.raw', lane)).next; }

  private known({ lane: was, record }: Placed, lane: number): number | undefined { return this.at.there[lane]?.get(`${was}-${record.offset}`); }

  private async flush(): Promise<void> {
    const { log, runners } = this.at.target;
    for (const [lane, chunk] of this.chunk.entries()) await log.copy('transactions.raw', lane, chunk.splice(0));
    // What decisions of this chunk list is appended to the other lanes before the next: their ends are asked for once more.
    for (let turn = 0; turn < 2; turn += 1) await Promise.all(runners.map(async (runner, lane) => runner.reached((await log.bounds('transactions.raw', lane)).next - 1)));
    this.done += this.waiting;
    this.waiting = 0;
  }
}

/** What was copied into a new lane before it was interrupted, by the place it had. */
async function copiedIn(log: LmdbEventLog, lane: number): Promise<ReadonlyMap<string, number>> {
  const there = new Map<string, number>(), { first, next } = await log.bounds('transactions.raw', lane);
  for (let at = first; at < next;) {
    const records = await log.read('transactions.raw', lane, at, readMax);
    for (const { headers, offset } of records) { const was = headers[wasHeader]; if (was !== undefined) there.set(was, offset); }
    at = (records.at(-1)?.offset ?? next) + 1;
  }
  return there;
}

/** Alerts and matches stay what they were told as; those of a lane that is no more go on in the first. */
async function carryTold(from: HistoricLog, to: LmdbEventLog): Promise<void> {
  for (const topic of toldTopics) {
    for (let lane = 0; lane < from.lanes; lane += 1) {
      const into = lane < to.lanes ? lane : 0, { first, next } = await from.bounds(topic, lane), has = (await to.bounds(topic, into)).next;
      for (let at = into === lane ? Math.max(first, has) : first; at < next;) {
        const records = await from.read(topic, lane, at, readMax), last = records.at(-1);
        if (last === undefined) break;
        await to.copy(topic, into, records);
        at = last.offset + 1;
      }
    }
  }
}
