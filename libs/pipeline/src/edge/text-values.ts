import type { Field, Source } from '@weir/definitions';

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * A row of texts, as a CSV gives it, with the types of its source's fields: numbers and booleans become such where their text is one, an empty text is
 * missing. What does not fit stays text, and is refused where types are judged.
 */
export function typeTexts(row: Readonly<Record<string, unknown>>, source: Source): Record<string, unknown> {
  const typed: Record<string, unknown> = {};
  const fieldByKey = new Map(source.fields.map((field) => [field.from, field]));
  for (const [key, value] of Object.entries(row)) {
    if (value === '' || value === undefined || value === null) continue;
    typed[key] = typeof value === 'string' ? typeText(value, fieldByKey.get(key), key === source.time || key === (source.sentAt ?? 'sent_at')) : value;
  }
  return typed;
}

function typeText(text: string, field: Field | undefined, isTime: boolean): unknown {
  if (isTime || field?.type === 'timestamp') return /^[+-]?\d+$/.test(text) ? Number(text) : text;
  if (field === undefined || field.type === 'string') return text;
  if (field.type === 'bool') return text === 'true' || text === 'True' || text === 'TRUE' ? true : text === 'false' || text === 'False' || text === 'FALSE' ? false : text;
  // An amount with decimals stays text: its digits are exact.
  if (field.type === 'money' && field.decimals !== null) return text;
  return numberPattern.test(text.trim()) ? Number(text) : text;
}
