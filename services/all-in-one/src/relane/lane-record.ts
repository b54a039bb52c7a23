import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LmdbLogReader } from '@weir/adapters/lmdb';
import { WeirError } from '@weir/contracts';

/** How many lanes a data folder has; where the number was changed, what came before. */
export interface LaneCount {
  readonly lanes: number;
  /** 1, and one more with each change. */
  readonly generation: number;
  /** Of each change, the first one first. */
  readonly changes: readonly Changed[];
}

export interface Changed {
  /** Folder below the data folder with what the lanes were before. */
  readonly before: string;
  readonly lanesBefore: number;
  /** Offset of each new lane's first record: behind every record of the lanes before, so that no decision's id is given twice. */
  readonly firstOffset: number;
  /** By new lane: one past the last record that stood in the lanes before. */
  readonly copiedUntil: readonly number[];
}

const countName = 'lanes.json', journalName = 'lanes-switch.json';
/** What belongs to the lanes of a folder; the rest (registry, keys, models) stays. */
const laneParts = ['log', 'state', 'decisions', 'outcomes', 'history', 'builds', 'monitor'] as const;
/** Of them, what is built anew; the others begin anew by themselves. */
const builtParts: readonly string[] = ['log', 'state', 'decisions', 'builds'];

export const buildFolder = (dataDir: string): string => join(dataDir, 'lanes-building');

/** What the folder says; undefined for one that nobody has kept lanes in yet. A switch that was begun is finished first. */
export function readLaneCount(dataDir: string): LaneCount | undefined {
  finishSwitch(dataDir);
  const path = join(dataDir, countName);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as LaneCount; // written here alone
  if (!existsSync(join(dataDir, 'log', 'data.mdb'))) return undefined;
  const reader = new LmdbLogReader(join(dataDir, 'log'));
  const lanes = reader.lanes();
  void reader.close();
  return lanes === 0 ? undefined : { lanes, generation: 1, changes: [] };
}

/** Offset at which lanes begin: 0, or where the last change of their number put them. */
export const beginOf = (count: LaneCount | undefined): number => count?.changes.at(-1)?.firstOffset ?? 0;

/** Of the lanes of a folder. */
export const lanesBegin = (dataDir: string): number => beginOf(readLaneCount(dataDir));

/** Remembers how many lanes there are. @throws WeirError WEIR_USAGE where the folder has another number of them. */
export function mustHaveLanes(dataDir: string, lanes: number): LaneCount {
  const known = readLaneCount(dataDir);
  if (known !== undefined && known.lanes !== lanes) throw new WeirError('WEIR_USAGE', `${dataDir} has ${known.lanes} lane${known.lanes === 1 ? '' : 's'}, and ${lanes} are asked for: \`weir reprocess --lanes ${lanes} --data ${dataDir}\` changes it`);
  const count = known ?? { lanes, generation: 1, changes: [] };
  if (!existsSync(join(dataDir, countName))) writeDurably(join(dataDir, countName), count);
  return count;
}

/** From here on the folder is what was built; a crash anywhere behind the first line is made good by whoever opens the folder next. */
export function switchLanes(dataDir: string, to: LaneCount, rename: typeof renameSync = renameSync): void {
  writeDurably(join(dataDir, journalName), to);
  finishSwitch(dataDir, rename);
}

/** Each step finds out whether it was done. */
function finishSwitch(dataDir: string, rename: typeof renameSync = renameSync): void {
  const journal = join(dataDir, journalName), building = buildFolder(dataDir);
  if (!existsSync(journal)) return;
  const to = JSON.parse(readFileSync(journal, 'utf8')) as LaneCount; // written by switchLanes alone
  const before = join(dataDir, to.changes.at(-1)?.before ?? '');
  mkdirSync(before, { recursive: true });
  for (const part of laneParts) {
    const live = join(dataDir, part), built = join(building, part), kept = join(before, part);
    const isIn = builtParts.includes(part) && !existsSync(built);
    if (!isIn && existsSync(live) && !existsSync(kept)) rename(live, kept);
    if (existsSync(built)) rename(built, live);
  }
  writeDurably(join(dataDir, countName), to);
  rmSync(building, { recursive: true, force: true });
  rmSync(journal);
}

function writeDurably(path: string, value: unknown): void {
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, `${JSON.stringify(value)}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
