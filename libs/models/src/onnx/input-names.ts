import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** Number of the field `metadata_props` in ONNX's ModelProto, and of key and value in an entry of it. */
const metadataField = 14, keyField = 1, valueField = 2;
/** Names that trainers give inputs nobody named. */
const placeholder = /^(f|x|column_|feature_)\d+$/i;

/**
 * Names of a model's inputs in their order, where the file carries them: the entry `feature_names` of its metadata, a JSON array or separated by commas.
 * undefined where it does not, or only placeholders such as `f0`.
 */
export function modelInputNames(bytes: Uint8Array): readonly string[] | undefined {
  const text = metadataOf(bytes).get('feature_names');
  const names = text === undefined ? [] : namesOf(text);
  return names.length === 0 || names.every((name) => placeholder.test(name)) ? undefined : names;
}

/**
 * What of a model's named inputs is not what the feature service gives, by position; a service's feature goes by its name with or without its view.
 * Empty: it fits, or the file carries no names.
 */
export function inputNameFaults(bytes: Uint8Array, features: readonly string[]): ReadonlyArray<{ readonly position: number; readonly expected: string; readonly got: string }> {
  const names = modelInputNames(bytes);
  return names === undefined ? [] : nameFaults(names, features);
}

/** The same of names that come from elsewhere, e.g. the header of a file of rows; placeholders name nothing. */
export function nameFaults(names: readonly string[], features: readonly string[]): ReadonlyArray<{ readonly position: number; readonly expected: string; readonly got: string }> {
  if (names.length > 0 && names.every((name) => placeholder.test(name))) return [];
  if (names.length !== features.length) return [{ position: Math.min(names.length, features.length), expected: `${names.length} features`, got: `${features.length}` }];
  return names.flatMap((expected, position) => {
    const got = features[position] ?? '';
    return [got, got.replace(':', '.'), got.replace(':', '__'), got.slice(got.indexOf(':') + 1)].includes(expected) ? [] : [{ position, expected, got }];
  });
}

function namesOf(text: string): string[] {
  try {
    const read: unknown = JSON.parse(text);
    if (Array.isArray(read)) return read.map(String);
  } catch { /* not JSON: separated by commas */ }
  return text.split(',').map((name) => name.trim()).filter((name) => name !== '');
}

/** The graph, which is nearly all of the file, is passed over. */
function metadataOf(bytes: Uint8Array): Map<string, string> {
  const metadata = new Map<string, string>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field !== metadataField || wireType !== WireType.LengthDelimited) { reader.skip(wireType, field); continue; }
    const entry = new BinaryReader(reader.bytes());
    let key = '', value = '';
    while (entry.pos < entry.len) {
      const [part, partType] = entry.tag();
      if (part === keyField) key = entry.string();
      else if (part === valueField) value = entry.string();
      else entry.skip(partType, part);
    }
    metadata.set(key, value);
  }
  return metadata;
}
