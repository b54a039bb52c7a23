import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { WeirError } from '@weir/contracts';

const modelBytesMax = 512 << 20;

/** Reads a model's file below a folder, and checks its hash where one is given. @throws WeirError WEIR_MODEL_INVALID. */
export function modelFilesBelow(folder: string): (path: string, sha256: string | null) => Promise<Uint8Array> {
  return async (path, sha256) => {
    const full = resolve(folder, path);
    const inside = relative(folder, full);
    if (isAbsolute(inside) || inside.startsWith('..')) throw invalid(path, `a file below ${folder}`, 'a path that leaves it');
    let bytes: Uint8Array;
    try { bytes = await readFile(full); } catch (cause) { throw invalid(path, `a readable file below ${folder}`, cause instanceof Error ? cause.message : String(cause)); }
    if (bytes.length > modelBytesMax) throw invalid(path, `at most ${modelBytesMax} bytes`, `${bytes.length}`);
    const actual = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== null && sha256 !== actual) throw invalid(path, `SHA-256 ${sha256}`, actual);
    return bytes;
  };
}

const invalid = (path: string, expected: string, got: string): WeirError =>
  new WeirError('WEIR_MODEL_INVALID', `model file ${path}: expected ${expected}, got ${got}`, { findings: [{ where: path, field: 'file', expected, got }] });
