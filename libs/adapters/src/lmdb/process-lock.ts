import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WeirError } from '@weir/contracts';

const fileName = 'owner.lock';
const heldHere = new Set<string>();

/**
 * Makes this process the folder's only owner until the lock is released, or the process is gone. A lock whose process no longer runs is taken over.
 * @throws WeirError WEIR_FENCED naming the process that has it.
 */
export function lockFolder(folder: string): { release(): void } {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, fileName), mine = `${process.pid} ${startOf(process.pid)}`;
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx' });
      break;
    } catch (cause) {
      const owner = readOwner(path);
      if (attempt >= 3 || (owner !== undefined && (owner.text === mine ? heldHere.has(path) : owner.runs))) throw new WeirError('WEIR_FENCED', `${folder} belongs to process ${owner?.text.split(' ')[0] ?? '?'}; one process at a time`, { cause });
      rmSync(path, { force: true });
    }
  }
  heldHere.add(path);
  return {
    release: () => {
      if (heldHere.delete(path)) rmSync(path, { force: true });
    },
  };
}

function readOwner(path: string): { readonly text: string; readonly runs: boolean } | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
  const [pid = '', start = ''] = text.split(' ');
  return { text, runs: runs(Number(pid)) && startOf(Number(pid)) === start };
}

function runs(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When the process began, where the system says so: a number may be given to another process later. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '-';
  } catch {
    return '-';
  }
}
