import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const dayMs = 86_400_000;

/** One file of history: consecutive records of one lane that were appended on one day (UTC). */
export interface HistoryFile { readonly path: string; readonly lane: number; readonly day: string; readonly first: number; readonly last: number }

const pad = (offset: number): string => String(offset).padStart(16, '0');
export const dayOf = (ms: number): string => new Date(Math.floor(ms / dayMs) * dayMs).toISOString().slice(0, 10);

/** The folder of history: `lane=N/day=YYYY-MM-DD/FIRST-LAST.parquet`. A file is whole once it has its name. */
export class HistoryFiles {
  readonly #filesByLane = new Map<number, HistoryFile[]>();
  #temporary = 0;

  constructor(readonly root: string) {
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(root)) if (name.startsWith('writing-')) rmSync(join(root, name), { force: true });
    for (const laneFolder of folders(root, /^lane=(\d+)$/)) this.#filesByLane.set(Number(laneFolder.slice(5)), this.#list(laneFolder));
  }

  lanes(): number[] { return [...this.#filesByLane.keys()].sort((left, right) => left - right); }
  /** By offset. */
  of(lane: number): readonly HistoryFile[] { return this.#filesByLane.get(lane) ?? []; }
  last(lane: number): number { return this.of(lane).at(-1)?.last ?? -1; }
  /** The file that holds the offset, else the first one behind it. */
  at(lane: number, offset: number): HistoryFile | undefined { return this.of(lane).find((file) => file.last >= offset); }

  /** A path to write to before the file gets its name. */
  temporary(): string { return join(this.root, `writing-${process.pid}-${this.#temporary++}.tmp`); }

  /** Gives what was written its name, in place of the files it holds; gives the path. */
  publish(temporary: string, file: Omit<HistoryFile, 'path'>, replaces: readonly HistoryFile[] = []): string {
    const folder = join(this.root, `lane=${file.lane}`, `day=${file.day}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${pad(file.first)}-${pad(file.last)}.parquet`);
    renameSync(temporary, path);
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

  /** Files of a lane; what a crash left over (half written, or replaced by a longer one) goes. */
  #list(laneFolder: string): HistoryFile[] {
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
      else rmSync(file.path, { force: true });
    }
    return kept;
  }
}

const folders = (root: string, pattern: RegExp): string[] => readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && pattern.test(entry.name)).map(({ name }) => name);
