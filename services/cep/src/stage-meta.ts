import { ByteReader, ByteWriter, WeirError } from '@weir/contracts';
import type { PlannedPattern } from './stage-plan';

const metaFormat = 1;
type MetaRow = Omit<PlannedPattern, 'pattern'>;

/** The set in force, and since which offset which version of which pattern runs. */
export function writeMeta(setId: string, patterns: readonly MetaRow[]): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(metaFormat);
  writer.text(setId);
  writer.varint(patterns.length);
  for (const { id, setId: definedBy, sinceOffset, begins } of patterns) { writer.text(id); writer.text(definedBy); writer.varint(sinceOffset); writer.byte(begins ? 1 : 0); }
  return writer.take();
}

/** @throws WeirError WEIR_STORE_FAILED for bytes of another format. */
export function readMeta(bytes: Uint8Array): { setId: string; patterns: MetaRow[] } {
  const reader = new ByteReader(bytes);
  const format = reader.byte();
  if (format !== metaFormat) throw new WeirError('WEIR_STORE_FAILED', `state of cep in format ${format}, expected ${metaFormat}`);
  const setId = reader.text();
  const patterns: MetaRow[] = [];
  for (let left = reader.varint(); left > 0; left--) patterns.push({ id: reader.text(), setId: reader.text(), sinceOffset: reader.varint(), begins: reader.byte() === 1 });
  return { setId, patterns };
}
