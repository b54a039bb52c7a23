import { mkdirSync } from 'node:fs';
import { openForReading } from './lmdb-readers';

/**
 * Copies an LMDB folder, compacted, as it stands at one moment: whoever writes it, in this process or another, goes on meanwhile and is not in the copy.
 * @throws WeirError WEIR_USAGE when nothing is kept there.
 */
export async function copyEnvironment(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  const root = openForReading(from);
  try { await root.backup(to, true); } finally { await root.close(); }
}
