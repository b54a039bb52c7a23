import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { readRowBatches, rowFormatOf, type FileRow } from '@weir/adapters/files';
import { WeirError } from '@weir/contracts';
import { decidedSource, documentsFromJson, resolveSet, type DefinitionSet, type Source } from '@weir/definitions';
import { readTimestamp, recordKeys, typeTexts } from '@weir/pipeline';
import { Client } from '../client';
import { workFolder } from '../folders';
import { Progress, say } from '../terminal';

interface IngestFlags { readonly url?: string; readonly rate?: number; readonly source?: string; readonly json?: boolean }
interface Counts { accepted: number; duplicate: number; late: number; quarantined: number }
const countNames = ['accepted', 'duplicate', 'late', 'quarantined'] as const;

const rateOf = (text: string): number => {
  const rate = Number(text);
  if (!(rate > 0)) throw new InvalidArgumentError('events per second are expected.');
  return rate;
};

/** Rows sent in one request. */
const rowsPerRequest = 4_000;
const requestsPerSecondMin = 10;
const retriesMax = 20;

/** Sends files to a running suite. */
export function registerIngest(program: Command): void {
  program.command('ingest').description("sends files' events to a running suite; run again after a stop it goes on, and what was sent twice counts once")
    .argument('<files...>', 'JSONL, CSV (also .gz) or Parquet').option('--url <url>', 'of the suite').option('--rate <n>', 'events per second at most', rateOf).option('--source <name>', 'source of events that name none').option('--json', 'the figures as a JSON line')
    .action(async (files: string[], flags: IngestFlags) => {
      const client = new Client(flags);
      const set = await currentSet(client);
      const total: Counts = { accepted: 0, duplicate: 0, late: 0, quarantined: 0 };
      const startedAtMs = Date.now();
      for (const file of files) await sendFile(file, { client, set, flags, total });
      const seconds = (Date.now() - startedAtMs) / 1_000;
      if (flags.json) process.stdout.write(`${JSON.stringify({ ...total, seconds })}\n`);
      else process.stdout.write(`accepted ${total.accepted}, duplicate ${total.duplicate}, late ${total.late}, quarantined ${total.quarantined} in ${seconds.toFixed(1)} s\n`);
    });
}

async function currentSet(client: Client): Promise<DefinitionSet> {
  const answer = await client.json('GET', '/definitions?limit=1000');
  const documents = typeof answer === 'object' && answer !== null && 'definitions' in answer && Array.isArray(answer.definitions) ? answer.definitions : [];
  if (documents.length === 0) throw new WeirError('WEIR_USAGE', 'the suite has no definitions yet: apply some first');
  return resolveSet(documentsFromJson(documents.map((document: Record<string, unknown>) => { const { version: _version, ...rest } = document; return rest; })));
}

/** Records in the lanes of the suite. */
async function recordsOf(client: Client): Promise<number> {
  const status = await client.json('GET', '/status');
  const lanes: unknown[] = typeof status === 'object' && status !== null && 'lanes' in status && Array.isArray(status.lanes) ? status.lanes : [];
  return lanes.reduce((sum: number, lane) => sum + (typeof lane === 'object' && lane !== null && 'records' in lane && typeof lane.records === 'number' ? lane.records : 0), 0);
}

interface Sending { readonly client: Client; readonly set: DefinitionSet; readonly flags: IngestFlags; readonly total: Counts }

async function sendFile(file: string, { client, set, flags, total }: Sending): Promise<void> {
  const textual = rowFormatOf(file).format === 'csv';
  const mark = new ResumeMark(file, client.url, await recordsOf(client));
  const progress = new Progress(`sending ${file}, events`, undefined);
  const pace = new Pace(flags.rate);
  /** A slow rate is spread over small requests, so that it does not come in bursts. */
  const perRequest = Math.max(1, Math.min(rowsPerRequest, Math.floor((flags.rate ?? Infinity) / requestsPerSecondMin)));
  let read = 0;
  let row = mark.sent;
  let pending: string[] = [];
  // One request after the other: the order of the file is the order of the lane.
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    await pace.before(pending.length);
    const counts = await send(client, pending.join('\n'));
    pending = [];
    for (const name of countNames) total[name] += counts[name];
    mark.keep(row);
    progress.at(row);
  };
  for await (const batch of readRowBatches(file)) {
    const first = read;
    read += batch.length;
    for (const [index, each] of batch.entries()) {
      if (first + index < mark.sent) continue;
      pending.push(lineOf(each, { set, textual, sourceName: flags.source }));
      row = first + index + 1;
      if (pending.length >= perRequest) await flush();
    }
  }
  await flush();
  mark.done();
  progress.end();
}

/** Rows of a file bring their own `_received_at`, the event time where they name none, so that live and offline give the same answers. */
function lineOf({ row, json }: FileRow, { set, textual, sourceName }: { readonly set: DefinitionSet; readonly textual: boolean; readonly sourceName: string | undefined }): string {
  const named = row[recordKeys.source] ?? sourceName;
  const source = typeof named === 'string' ? set.sources.get(named) : decidedSource(set);
  const event: Readonly<Record<string, unknown>> = textual && source !== undefined ? typeTexts(row, source) : row;
  if (event[recordKeys.receivedAt] !== undefined && json !== undefined) return json;
  const receivedAtMs = event[recordKeys.receivedAt] ?? (source === undefined ? undefined : timeOf(event, source)) ?? 0;
  if (json !== undefined) return `${json.slice(0, json.lastIndexOf('}'))}${Object.keys(row).length === 0 ? '' : ','}"${recordKeys.receivedAt}":${JSON.stringify(receivedAtMs)}}`;
  return JSON.stringify({ ...event, [recordKeys.receivedAt]: receivedAtMs });
}

const timeOf = (event: Readonly<Record<string, unknown>>, source: Source): number | undefined =>
  readTimestamp(event[source.fields[source.slotByField.get(source.time) ?? -1]?.from ?? source.time]);

/** One batch, again when the suite is behind or away; an id that came before counts once. */
async function send(client: Client, body: string): Promise<Counts> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await client.send('POST', '/transactions/batch', { text: body, type: 'application/x-ndjson' }, { prefer: 'return=minimal' });
      return counted(await response.text().catch((cause: unknown) => { throw new WeirError('WEIR_USAGE', 'the suite went away while it answered', { cause, retriable: true }); }));
    } catch (error) {
      const away = error instanceof WeirError && (error.retriable || ('status' in error && (error.status === 503 || error.status === 429)));
      if (!away || attempt >= retriesMax) throw error;
      await new Promise((resume) => { setTimeout(resume, Math.min(5_000, 100 * 2 ** attempt)); });
    }
  }
}

function counted(text: string): Counts {
  const counts: Counts = { accepted: 0, duplicate: 0, late: 0, quarantined: 0 };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.includes('"status":422') || line.includes('WEIR_QUARANTINED')) {
      counts[/"reason":"late"/.test(line) ? 'late' : 'quarantined'] += 1;
    } else if (line.includes('"duplicate":true')) counts.duplicate += 1;
    else if (/"status":(4|5)\d\d/.test(line) && line.includes('"type":"urn:')) throw new WeirError('WEIR_INPUT_INVALID', `the suite refused a row: ${line.slice(0, 300)}`);
    else counts.accepted += 1;
  }
  return counts;
}

/** How far a file was sent to a suite; a file that changed starts anew. */
class ResumeMark {
  readonly sent: number;
  private readonly path: string;
  private readonly identity: string;
  /** `records`: what the suite holds by now; one that holds less than was sent is another suite, and gets the file from its beginning. */
  constructor(file: string, url: string, records: number) {
    const { size, mtimeMs } = statSync(file);
    this.identity = `${resolve(file)} ${size} ${mtimeMs} ${url}`;
    const folder = join(workFolder(), 'ingest');
    mkdirSync(folder, { recursive: true });
    this.path = join(folder, createHash('sha256').update(this.identity).digest('hex').slice(0, 24));
    const kept: unknown = existsSync(this.path) ? JSON.parse(readFileSync(this.path, 'utf8')) : undefined;
    const sent = typeof kept === 'object' && kept !== null && 'sent' in kept && typeof kept.sent === 'number' && 'identity' in kept && kept.identity === this.identity ? kept.sent : 0;
    this.sent = sent <= records ? sent : 0;
    if (this.sent > 0) say(`${file}: going on behind row ${this.sent}`);
  }
  keep(sent: number): void { if (sent > this.sent) writeFileSync(this.path, JSON.stringify({ identity: this.identity, sent })); }
  done(): void { rmSync(this.path, { force: true }); }
}

/** Spreads batches over time where a rate is asked for. */
class Pace {
  private readonly startedAtMs = Date.now();
  private sent = 0;
  constructor(private readonly rate: number | undefined) {}
  async before(count: number): Promise<void> {
    if (this.rate !== undefined) {
      const dueMs = this.startedAtMs + (this.sent / this.rate) * 1_000;
      const waitMs = dueMs - Date.now();
      if (waitMs > 0) await new Promise((resume) => { setTimeout(resume, waitMs); });
    }
    this.sent += count;
  }
}

