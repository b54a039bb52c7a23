import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { definitionKey, definitionKinds, definitionsOf, definitionsYaml, diffSets, documentsFromJson, downstream, lineage, planSet, resolveSet, upstream, type DefinitionSet } from '@weir/definitions';
import { Client } from '../client';
import { loadDefinitionSet } from '../definition-files';
import { changeOf, readFolder, type ModelFile } from '../definition-upload';
import { exitCodes, say } from '../terminal';
import { objectOf, objectsOf, print, printTable, remote, shown, textsOf, type JsonObject, type RemoteFlags } from './remote';

/** Definitions of a running suite: what a change would do, the change itself, what is and what was in force. */
export function registerDefinitions(program: Command): void {
  remote(program.command('plan').description('what applying a folder would change, what it costs, who depends on it').argument('<dir>', 'folder or file of definitions, as the whole set')).action(plan);
  remote(program.command('apply').description('makes a folder the set in force, all or nothing, between two events').argument('<dir>', 'folder or file of definitions, as the whole set').option('--note <text>', 'kept with the set').option('--backfill', 'fill new and changed views from the log; until then they are WARMING')).action(apply);
  remote(program.command('diff').description('how two folders differ, or a folder and what is in force; exit 1 when they do').argument('<dir>', 'the folder').argument('[other]', 'the folder it becomes; without it the first one is compared with what is in force')).action(diff);
  remote(program.command('show').description('the set in force, or one definition').argument('[kind/name]', 'e.g. Rule/large_amount').option('--lineage', 'what it is made of, and what uses it')).action(show);
  remote(program.command('versions').description('sets that were applied, or versions of one definition; newest first').argument('[kind/name]', 'e.g. Rule/large_amount').option('--limit <n>', 'how many', '20')).action(versions);
  remote(program.command('rollback').description('back to an earlier set').argument('[set]', 'the set, or its first characters (default: the one before)').option('--note <text>', 'kept with the set')).action(rollback);
}

async function plan(dir: string, flags: RemoteFlags): Promise<void> {
  const client = new Client(flags);
  printPlan(objectOf(await client.json('POST', '/definitions/plan', changeOf(await readFolder(dir)))), flags, 'nothing would change');
}

async function apply(dir: string, flags: RemoteFlags & { readonly note?: string; readonly backfill?: boolean }): Promise<void> {
  const answer = await applyOver(new Client(flags), dir, flags);
  if (answer['plan'] !== undefined) return printProposal(answer, flags);
  printPlan(answer, flags, 'nothing changed');
  if (!flags.json && answer['reprocess'] !== undefined) say(`new and changed views are filled from the log: weir reprocess show ${shown(answer['reprocess'])}`);
  if (!flags.json) say(`in force since ${shown(answer['applied_at'])}: set ${shown(answer['set']).slice(0, 12)}`);
}

/** Where four eyes are asked for, a change is a proposal at first. */
function printProposal(proposal: JsonObject, flags: RemoteFlags): void {
  if (flags.json) return print(JSON.stringify(proposal));
  printPlan(objectOf(proposal['plan']), flags, 'nothing would change');
  say(`proposed as ${shown(proposal['id'])}, and not in force yet: somebody else approves it, with a key of their own, by\n  weir proposals approve ${shown(proposal['id'])}`);
}

/** Makes a folder the set in force of a running suite, its models with it. */
export async function applyOver(client: Client, dir: string, { note, backfill }: { readonly note?: string; readonly backfill?: boolean } = {}): Promise<JsonObject> {
  const folder = await readFolder(dir);
  await upload(client, folder.models);
  return objectOf(await client.json('POST', '/definitions/apply', { ...changeOf(folder), ...(note === undefined ? {} : { note }), ...(backfill === true ? { backfill } : {}) }));
}

/** Bytes that a model in force has already are not sent again; background rows may have changed beside them. */
async function upload(client: Client, models: readonly ModelFile[]): Promise<void> {
  if (models.length === 0) return;
  const inForce = new Set((await runningDocuments(client)).map((document) => document['sha256']));
  for (const { path, sha256, bytes, background } of models) {
    if (!inForce.has(sha256)) await put(client, bytes, { path });
    if (background !== undefined) await put(client, background.bytes, { path: background.path, background_of: sha256 });
  }
}

const put = (client: Client, bytes: Uint8Array<ArrayBuffer>, query: Readonly<Record<string, string>>): Promise<Response> =>
  client.send('PUT', `/models/files?${new URLSearchParams(query).toString()}`, { text: bytes, type: 'application/octet-stream' });

/** The changes of a plan, their cost and who depends on them. */
export function printPlan(plan: JsonObject, { json }: RemoteFlags, nothing: string): void {
  if (json) return print(JSON.stringify(plan));
  const changes = objectsOf(plan['changes']);
  if (changes.length === 0) print(nothing);
  for (const change of changes) print(`${signs[String(change['change'])] ?? ' '} ${shown(change['kind'])}/${shown(change['name'])}  ${versionText(change)}`);
  for (const cost of objectsOf(plan['cost'])) {
    const before = cost['bytesPerKeyBefore'];
    print(`  state of ${shown(cost['view'])}: about ${shown(cost['bytesPerKey'])} bytes per key${before === null || before === undefined ? '' : ` (${shown(before)} before)`}; filled by ${durationText(Number(cost['backfillMs']))} of history`);
  }
  for (const each of objectsOf(plan['dependants'])) print(`  ${shown(each['kind'])}/${shown(each['name'])} is used by ${textsOf(each['usedBy']).join(', ')}`);
  for (const warning of textsOf(plan['warnings'])) say(`warning: ${warning}`);
}

const signs: Readonly<Record<string, string>> = { added: '+', removed: '-', changed: '~', described: '.' };
const versionText = (change: JsonObject): string => {
  const [from, to] = [change['from_version'], change['to_version']];
  return from === null ? `new, version ${shown(to)}` : to === null ? `removed, was version ${shown(from)}` : from === to ? `version ${shown(to)} stays: only its description changes` : `version ${shown(from)} → ${shown(to)}`;
};

const hourMs = 3_600_000;
const durationText = (ms: number): string => (!Number.isFinite(ms) || ms > 100 * 365 * 24 * hourMs ? 'all' : ms >= 48 * hourMs ? `${Math.round(ms / (24 * hourMs))} days` : ms >= hourMs ? `${Math.round(ms / hourMs)} hours` : `${Math.ceil(ms / 60_000)} minutes`);

async function diff(dir: string, other: string | undefined, flags: RemoteFlags): Promise<void> {
  const before = other === undefined ? await runningSet(new Client(flags)) : loadDefinitionSet(dir);
  const after = other === undefined ? loadDefinitionSet(dir, before) : loadDefinitionSet(other, before);
  const { added, changed, documented, removed } = diffSets(before, after);
  const changes = [...added.map((each) => ({ ...each, change: 'added' })), ...changed.map((each) => ({ ...each, change: 'changed' })), ...documented.map((each) => ({ ...each, change: 'described' })), ...removed.map((each) => ({ ...each, change: 'removed' }))];
  if (flags.json) print(JSON.stringify({ from: before.id, to: after.id, changes, cost: planSet(before, after).cost }));
  else if (changes.length === 0) print('they are the same');
  for (const { change, kind, name, from, to, fields } of flags.json ? [] : changes) print(`${signs[change] ?? ' '} ${kind}/${name}  ${versionText({ from_version: from, to_version: to })}${fields.length === 0 ? '' : `: ${fields.join(', ')}`}`);
  if (changes.length > 0) process.exitCode = exitCodes.difference;
}

const runningDocuments = async (client: Client): Promise<readonly JsonObject[]> => objectsOf(objectOf(await client.json('GET', '/definitions'))['definitions']);

async function runningSet(client: Client): Promise<DefinitionSet> {
  const documents = await runningDocuments(client);
  const versions = new Map(documents.map((document) => [`${String(document['kind'])}/${String(document['name'])}`, Number(document['version'])]));
  return resolveSet(documentsFromJson(documents.map(({ version: _version, ...document }) => document), 'in force'), undefined, { versions });
}

async function show(which: string | undefined, flags: RemoteFlags & { readonly lineage?: boolean }): Promise<void> {
  const set = await runningSet(new Client(flags));
  if (which === undefined) return showAll(set, flags);
  const key = keyOf(which);
  const found = definitionsOf(set).find((definition) => definitionKey(definition) === key);
  if (found === undefined) throw new WeirError('WEIR_USAGE', `there is no ${key} in force`);
  const graph = flags.lineage ? lineage(set) : undefined;
  const node = graph && `${lineageKinds[found.kind] ?? found.kind.toLowerCase()}:${found.name}`;
  const ways = graph === undefined || node === undefined ? undefined : { made_of: upstream(graph, node), used_by: downstream(graph, node) };
  if (flags.json) return print(JSON.stringify({ kind: found.kind, name: found.name, version: found.version, yaml: definitionsYaml([found]), ...ways }));
  print(`# version ${found.version}\n${definitionsYaml([found]).trimEnd()}`);
  if (ways !== undefined) print(`# made of: ${ways.made_of.join(', ') || 'nothing else'}\n# used by: ${ways.used_by.join(', ') || 'nothing'}`);
}

const lineageKinds: Readonly<Record<string, string>> = { FeatureView: 'view', FeatureService: 'service' };

function showAll(set: DefinitionSet, flags: RemoteFlags & { readonly lineage?: boolean }): void {
  const definitions = definitionsOf(set);
  if (flags.json) {
    for (const { kind, name, version, owner, description } of definitions) print(JSON.stringify({ kind, name, version, owner, description }));
    if (flags.lineage) print(JSON.stringify(lineage(set)));
    return;
  }
  printTable(['DEFINITION', 'VERSION', 'OWNER', 'DESCRIPTION'], definitions.map((each) => [definitionKey(each), each.version, each.owner, each.description]));
  if (flags.lineage) for (const { from, to } of lineage(set).edges) print(`${from} -> ${to}`);
}

/** `rule/large_amount` as `Rule/large_amount`. @throws WeirError WEIR_USAGE. */
function keyOf(which: string): string {
  const slash = which.indexOf('/');
  const kind = definitionKinds.find((each) => each.toLowerCase() === which.slice(0, slash).toLowerCase());
  if (slash < 1 || kind === undefined) throw new WeirError('WEIR_USAGE', `KIND/NAME is expected, with one of the kinds ${definitionKinds.join(', ')}; got ${which}`);
  return `${kind}/${which.slice(slash + 1)}`;
}

async function versions(which: string | undefined, flags: RemoteFlags & { readonly limit: string }): Promise<void> {
  const path = which === undefined ? '' : `/${keyOf(which).split('/').map(encodeURIComponent).join('/')}`;
  const answer = objectOf(await new Client(flags).json('GET', `/definitions${path}/versions?limit=${encodeURIComponent(flags.limit)}`));
  const rows = objectsOf(answer['versions']);
  if (flags.json) for (const row of rows) print(JSON.stringify(row));
  else if (which === undefined) printTable(['SET', 'APPLIED', 'BY', 'NOTE'], rows.map((row) => [shown(row['set']).slice(0, 12), row['applied_at'], row['by'], row['note']]));
  else printTable(['VERSION', 'APPLIED', 'BY'], rows.map((row) => [row['version'], row['applied_at'], row['by']]));
}

async function rollback(set: string | undefined, flags: RemoteFlags & { readonly note?: string }): Promise<void> {
  const client = new Client(flags);
  const to = set === undefined ? undefined : await wholeSetId(client, set);
  const answer = objectOf(await client.json('POST', '/definitions/rollback', { ...(to === undefined ? {} : { to }), ...(flags.note === undefined ? {} : { note: flags.note }) }));
  printPlan(answer, flags, 'nothing changed');
  if (!flags.json) say(`in force since ${shown(answer['applied_at'])}: set ${shown(answer['set']).slice(0, 12)}`);
}

const setIdLength = 64;

/** A set by its first characters, of the newest hundred. @throws WeirError WEIR_USAGE when none or several begin so. */
async function wholeSetId(client: Client, start: string): Promise<string> {
  if (start.length === setIdLength) return start;
  const applied = objectsOf(objectOf(await client.json('GET', '/definitions/versions?limit=100'))['versions']);
  const found = [...new Set(applied.map((each) => String(each['set'])))].filter((id) => id.startsWith(start));
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) throw new WeirError('WEIR_USAGE', `${found.length === 0 ? 'no set that was applied begins' : `${found.length} sets begin`} with ${start}: see \`weir versions\``);
  return only;
}
