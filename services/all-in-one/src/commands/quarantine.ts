import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { Client } from '../client';
import { allPages, objectOf, print, remote, shown, type JsonObject, type RemoteFlags } from './remote';

interface ListFlags extends RemoteFlags { readonly reason?: string; readonly from?: string; readonly to?: string; readonly limit: string }

/** What was refused and why; sent again once it is right. */
export function registerQuarantine(program: Command): void {
  const quarantine = program.command('quarantine').description('events that were refused, and why');
  remote(quarantine.command('list').description('newest first').option('--reason <reason>', 'invalid, future or late').option('--from <time>', 'received at or after').option('--to <time>', 'received before').option('--limit <n>', 'how many at most', '100')).action(list);
  remote(quarantine.command('resend').description('sends one again, corrected or as it was').argument('<id>', 'as `list` shows it').option('--file <json>', 'the corrected event')).action(resend);
}

async function list(flags: ListFlags): Promise<void> {
  const client = new Client(flags);
  const max = Number(flags.limit);
  if (!Number.isInteger(max) || max < 1) throw new WeirError('WEIR_USAGE', `--limit: a whole number from 1 is expected, got ${flags.limit}`);
  const filter: ReadonlyArray<readonly [string, string]> = Object.entries({ reason: flags.reason, from: flags.from, to: flags.to, limit: String(Math.min(max, 1_000)) }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const page = async (cursor: string | undefined): Promise<JsonObject> => objectOf(await client.json('GET', `/quarantine?${new URLSearchParams(Object.fromEntries([...filter, ...(cursor === undefined ? [] : [['cursor', cursor] as const])])).toString()}`));
  let left = max;
  for await (const row of allPages(page, 'quarantine')) {
    print(flags.json ? JSON.stringify(row) : lineOf(row));
    left -= 1;
    if (left === 0) return;
  }
}

function lineOf(row: JsonObject): string {
  const field = row['field'] === null ? '' : `  ${shown(row['field'])}: expected ${shown(row['expected'])}, got ${shown(row['got'])}`;
  return `${shown(row['id'])}  ${shown(row['received_at'])}  ${shown(row['source'])}  ${shown(row['transaction_id'])}  ${shown(row['reason'])}${field}${row['resent'] === null ? '' : `  (sent again ${shown(row['resent'])})`}`;
}

async function resend(id: string, flags: RemoteFlags & { readonly file?: string }): Promise<void> {
  const text = flags.file === undefined ? undefined : correctedText(flags.file);
  const response = await new Client(flags).send('POST', `/quarantine/${encodeURIComponent(id)}/resend`, text === undefined ? undefined : { text, type: 'application/json' });
  const answer = objectOf(JSON.parse(await response.text()));
  if (flags.json) return print(JSON.stringify(answer));
  print(answer['outcome'] === undefined ? `${shown(answer['id'])}: accepted` : `${shown(answer['id'])}: ${shown(answer['outcome'])}, score ${shown(answer['score'])}, decided by ${shown(answer['decided_by'])}`);
}

function correctedText(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw new WeirError('WEIR_USAGE', `${file}: a readable file with one JSON object is expected: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
