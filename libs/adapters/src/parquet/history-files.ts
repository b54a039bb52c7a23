import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';

const dayMs = 86_400_000;

/** One file of history: consecutive records of one lane that were appended on one day (UTC). */
export interface HistoryFile { readonly path: string; readonly lane: number; readonly day: string; readonly first: number; readonly last: number }

const pad = (offset: number): string => String(offset).padStart(16, '0');
export const dayOf = (ms: number): string => new Date(Math.floor(ms / dayMs) * dayMs).toISOString().slice(0, 10);

/** The folder of history: `lane=N/day=YYYY-MM-DD/FIRST-LAST.parquet`, and `layouts/ID.json`. A file is whole once it has its name. */
export class HistoryFiles {
  readonly #filesByLane = new Map<number, readonly HistoryFile[]>();
  readonly #layoutById = new Map<string, string>();
  #temporary = 0;

  /** `readOnly`: somebody else may be writing; nothing is made or cleared away. */
  constructor(readonly root: string, private readonly readOnly: boolean) {
    if (!readOnly) {
      mkdirSync(join(root, 'layouts'), { recursive: true });
      for (const name of readdirSync(root)) if (name.startsWith('writing-')) rmSync(join(root, name), { force: true });
    }
    this.refresh();
  }

  /** Looks what is there now. */
  refresh(): void {
    this.#filesByLane.clear();
    for (const laneFolder of folders(this.root, /^lane=(\d+)$/)) this.#filesByLane.set(Number(laneFolder.slice(5)), this.#list(laneFolder));
  }

  lanes(): number[] { return [...this.#filesByLane.keys()].sort((left, right) => left - right); }
  /** By offset. */
  of(lane: number): readonly HistoryFile[] { return this.#filesByLane.get(lane) ?? []; }
  first(lane: number): number { return this.of(lane)[0]?.first ?? -1; }
  last(lane: number): number { return this.of(lane).at(-1)?.last ?? -1; }
  /** The file that holds the offset, else the first one behind it. */
  at(lane: number, offset: number): HistoryFile | undefined { return this.of(lane).find((file) => file.last >= offset); }
  bytes(lane: number): number { return this.of(lane).reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0); }

  /** A path to write to before the file gets its name. */
  temporary(): string { return join(this.root, `writing-${process.pid}-${this.#temporary++}.tmp`); }

  /** Gives what was written, and is on the disk, its name in place of the files it holds. The name is on the disk before any of those goes. */
  publish(temporary: string, file: Omit<HistoryFile, 'path'>, replaces: readonly HistoryFile[] = []): string {
    const laneFolder = join(this.root, `lane=${file.lane}`), folder = join(laneFolder, `day=${file.day}`), isNew = !existsSync(folder);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${pad(file.first)}-${pad(file.last)}.parquet`);
    renameSync(temporary, path);
    for (const each of isNew ? [folder, laneFolder, this.root] : [folder]) sync(each);
    const files = this.of(file.lane).filter((each) => !replaces.includes(each));
    this.#filesByLane.set(file.lane, [...files, { ...file, path }].sort((left, right) => left.first - right.first));
    for (const { path: old } of replaces) if (old !== path) rmSync(old, { force: true });
    return path;
  }

  remove(files: readonly HistoryFile[]): void {
    for (const file of files) {
      this.#filesByLane.set(file.lane, this.of(file.lane).filter((each) => each !== file));
      rmSync(file.path, { force: true });
    }
  }

  /** Keeps a layout of decisions; on the disk when it returns. */
  keepLayout(id: string, json: string): void {
    if (this.#layoutById.has(id)) return;
    const folder = join(this.root, 'layouts'), path = join(folder, `${safe(id)}.json`);
    if (!existsSync(path)) {
      const temporary = this.temporary();
      writeFileSync(temporary, json, { flush: true });
      renameSync(temporary, path);
      sync(folder);
    }
    this.#layoutById.set(id, json);
  }

  /** @throws WeirError WEIR_HISTORY_FAILED when it is not there. */
  layout(id: string): string {
    let json = this.#layoutById.get(id);
    if (json === undefined) {
      const path = join(this.root, 'layouts', `${safe(id)}.json`);
      if (!existsSync(path)) throw new WeirError('WEIR_HISTORY_FAILED', `the layout ${id} of a decision is not there`);
      this.#layoutById.set(id, (json = readFileSync(path, 'utf8')));
    }
    return json;
  }

  /** Files of a lane; what a crash left over (replaced by a longer one) does not count, and goes. */
  #list(laneFolder: string): readonly HistoryFile[] {
    const files: HistoryFile[] = [];
    for (const dayFolder of folders(join(this.root, laneFolder), /^day=\d{4,6}-\d\d-\d\d$/)) {
      for (const name of readdirSync(join(this.root, laneFolder, dayFolder))) {
        const match = /^(\d{16})-(\d{16})\.parquet$/.exec(name);
        if (match) files.push({ path: join(this.root, laneFolder, dayFolder, name), lane: Number(laneFolder.slice(5)), day: dayFolder.slice(4), first: Number(match[1]), last: Number(match[2]) });
      }
    }
    files.sort((left, right) => left.first - right.first || right.last - left.last);
    const kept: HistoryFile[] = [];
    for (const file of files) {
      if (file.last > (kept.at(-1)?.last ?? -1)) kept.push(file);
      else if (!this.readOnly) rmSync(file.path, { force: true });
    }
    return kept;
  }
}

const folders = (root: string, pattern: RegExp): string[] => (existsSync(root) ? readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && pattern.test(entry.name)).map(({ name }) => name) : []);

/** An id comes from a file that anybody may have written: it stays a name. */
function safe(id: string): string {
  if (!/^[\w-]{1,64}$/.test(id)) throw new WeirError('WEIR_HISTORY_FAILED', `${JSON.stringify(id)} is no id of a layout`);
  return id;
}

/** What was made in a folder, or written to a file, is on the disk. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try { fsyncSync(handle); } finally { closeSync(handle); }
}
