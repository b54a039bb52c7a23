import type { Command } from 'commander';
import { canonicalJson } from '@weir/definitions';
import { differences } from '../backtest/stored-comparison';
import { Client } from '../client';
import { changeOf, readFolder } from '../definition-upload';
import { exitCodes, say } from '../terminal';
import { objectOf, print, remote, textsOf, type JsonObject, type RemoteFlags } from './remote';

interface RerunFlags extends RemoteFlags { readonly definitions?: string }

/** The same decision again from its record, or what it would have been under changed definitions; exit 1 when anything differs. */
export function registerRerun(program: Command): void {
  remote(program.command('rerun').description('the same decision again from its record alone, or what it would have been; exit 1 when a byte differs').argument('<decision_id>', 'e.g. d-0-17')
    .option('--definitions <dir>', 'decided by this folder or file as the whole set; without it, by the set that took it')).action(rerun);
}

async function rerun(id: string, flags: RerunFlags): Promise<void> {
  const client = new Client(flags), path = `/decisions/${encodeURIComponent(id)}/rerun`;
  const answer = objectOf(flags.definitions === undefined ? await client.json('GET', path) : await client.json('POST', path, changeOf(await readFolder(flags.definitions))));
  const same = answer['same'] === true;
  print(flags.json ? JSON.stringify(answer) : canonicalJson(answer['verdict']));
  if (flags.definitions !== undefined) await sayDifferences(client, id, answer);
  else say(same ? `${id} came out the same, byte for byte` : `${id} came out differently from what was stored`);
  if (!same) process.exitCode = exitCodes.difference;
}

/** Parts of a verdict that people ask for first; the rest is in the JSON. */
const shownParts = ['outcome', 'decided_by', 'score', 'policy', 'rules', 'patterns', 'unknown', 'lists', 'alert'] as const;

async function sayDifferences(client: Client, id: string, answer: JsonObject): Promise<void> {
  const stored = objectOf(await client.json('GET', `/decisions/${encodeURIComponent(id)}`)), verdict = objectOf(answer['verdict']);
  const part = (of: JsonObject): JsonObject => Object.fromEntries(shownParts.map((name) => [name, of[name]]));
  const found = differences(part(stored), part(verdict));
  say(found.length === 0 ? `${id} would have come out the same` : `${id} would have come out otherwise:\n${found.map((line) => `  ${line.replace(', replayed ', ', then ')}`).join('\n')}`);
  const missing = textsOf(answer['missing_features']);
  if (missing.length > 0) say(`its record has not, and counts as missing: ${missing.join(', ')} (a back-test has them)`);
}
