import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RawRecord } from '@weir/contracts';
import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { Tokeniser } from '@weir/pipeline';
import { loadDefinitionSet } from '../definition-files';
import { HistoryReader } from '../history/history-reader';
import { fileRecords } from './file-run';

/** Where events come from: a file, which is one lane, or all that a suite has kept. */
export interface LaneSource {
  readonly set: DefinitionSet;
  readonly tokeniser: Tokeniser;
  readonly lanes: readonly number[];
  /** All records of a lane in order, each time anew; the first is the set, and no other set follows. */
  records(lane: number, progress?: (records: number) => void): AsyncIterable<RawRecord>;
  /** What a suite has kept; undefined for a file. */
  readonly history: HistoryReader | undefined;
  close(): Promise<void>;
}

export interface SourceFlags { readonly definitions?: string | undefined; readonly events?: string | undefined; readonly data?: string | undefined }

/** A file (`--events`, `--definitions`) or a suite's folder (`--data`, running or not; its set in force unless another is given). @throws WeirError WEIR_USAGE. */
export async function openSource(flags: SourceFlags, tokenisers: { readonly local: () => Tokeniser; readonly ofKey: (path: string) => Tokeniser }): Promise<LaneSource> {
  const { events, data } = flags;
  if (events !== undefined) {
    if (flags.definitions === undefined) throw new WeirError('WEIR_USAGE', '--definitions is needed with --events');
    const set = loadDefinitionSet(flags.definitions), tokeniser = tokenisers.local();
    return { set, tokeniser, lanes: [0], history: undefined, records: (_lane, progress) => fileRecords({ set, events, tokeniser, ...(progress === undefined ? {} : { progress }) }), close: () => Promise.resolve() };
  }
  if (data === undefined) throw new WeirError('WEIR_USAGE', 'where do the events come from? --events FILE, or --data DIR of a suite (the folder of `weir up --data`)');
  const history = await HistoryReader.open(data, process.env), keyPath = join(data, 'token.key');
  const set = flags.definitions === undefined ? await history.set() : loadDefinitionSet(flags.definitions, await history.set());
  if (set === undefined) throw new WeirError('WEIR_USAGE', `${data}: no definitions have been applied there; name some with --definitions`);
  const tokeniser = existsSync(keyPath) ? tokenisers.ofKey(keyPath) : tokenisers.local();
  return { set, tokeniser, lanes: history.lanes, history, records: (lane, progress) => withSet(history.records(lane), { lane, set, progress }), close: () => history.close() };
}

const beforeAllMs = -8_640_000_000_000_000;
const progressEvery = 10_000;

async function* withSet(records: AsyncIterable<RawRecord>, { lane, set, progress }: { readonly lane: number; readonly set: DefinitionSet; readonly progress: ((records: number) => void) | undefined }): AsyncGenerator<RawRecord, void, undefined> {
  yield { lane, offset: -1, appendedAtMs: beforeAllMs, body: { kind: 'definitions', setId: set.id, json: set.canonicalJson } };
  let count = 0;
  for await (const record of records) {
    if (++count % progressEvery === 0) progress?.(count);
    if (record.body.kind !== 'definitions') yield record;
  }
}
