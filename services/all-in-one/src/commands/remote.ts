import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';

/** What commands that speak to a running suite share. */
export interface RemoteFlags { readonly url?: string; readonly json?: boolean }

export const remote = (command: Command): Command => command.option('--url <url>', 'of the suite (default: the one the last `weir up` wrote down)').option('--json', 'as JSON lines');

export type JsonObject = Readonly<Record<string, unknown>>;
export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** An answer of the suite that has to be an object. @throws WeirError WEIR_USAGE when something else answers there. */
export function objectOf(value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new WeirError('WEIR_USAGE', 'what answers there is no suite of this version');
}

export const objectsOf = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** A value in a line for people: `-` where there is none. */
export const shown = (value: unknown): string => (value === null || value === undefined ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value));

export const print = (text: string): void => { process.stdout.write(`${text}\n`); };

/** Rows as columns of even width, the first line the titles. */
export function printTable(titles: readonly string[], rows: ReadonlyArray<readonly unknown[]>): void {
  const texts = [titles, ...rows.map((row) => row.map(shown))];
  const widths = titles.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
  for (const row of texts) print(row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

/** Every item of a list that comes in pages. */
export async function* allPages(page: (cursor: string | undefined) => Promise<JsonObject>, things: string): AsyncGenerator<JsonObject, void, undefined> {
  let cursor: string | undefined;
  do {
    const answer = await page(cursor);
    yield* objectsOf(answer[things]);
    cursor = typeof answer['next'] === 'string' ? answer['next'] : undefined;
  } while (cursor !== undefined);
}
