import { WeirError, type Value } from '@weir/contracts';
import type { ChangeRow } from '@weir/adapters/cdc';
import type { Client } from '../client';
import { isObject, objectOf, objectsOf, type JsonObject } from '../commands/remote';

/** A table of Weir: its key, and what each of its fields holds. */
export interface TableFields { readonly table: string; readonly key: string; readonly typeByField: ReadonlyMap<string, string> }

/** As the suite has it in force. @throws WeirError WEIR_NOT_FOUND. */
export async function tableFields(client: Client, table: string): Promise<TableFields> {
  const { definitions } = objectOf(await client.json('GET', '/definitions/Table'));
  const document = objectsOf(definitions).find(({ name }) => name === table);
  if (document === undefined) throw new WeirError('WEIR_NOT_FOUND', `the suite has no table ${table}`);
  const fields: JsonObject = isObject(document['fields']) ? document['fields'] : {};
  return { table, key: String(document['key']), typeByField: new Map(Object.entries(fields).map(([field, of]) => [field, String(isObject(of) ? of['type'] : of).replace(/!$/, '')])) };
}

/** What of a source's row is in the table: the fields that it declares, in their types. What does not fit stays as it is, for the suite to refuse. */
export function rowFor({ typeByField }: TableFields, columns: ChangeRow): Readonly<Record<string, Value>> {
  return Object.fromEntries([...typeByField].flatMap(([field, type]) => (columns[field] === undefined ? [] : [[field, inType(type, columns[field])]])));
}

function inType(type: string, value: Value): Value {
  if (value === null) return null;
  if (type === 'string') return String(value);
  if ((type === 'number' || type === 'int' || type === 'money') && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  return value;
}
