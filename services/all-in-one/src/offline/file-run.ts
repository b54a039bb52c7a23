import type { RawBody, RawRecord } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { readRowBatches, rowFormatOf } from '@weir/adapters/files';
import { runOffline, toRawBody, type OfflineBatch, type Tokeniser } from '@weir/pipeline';
import type { Stages } from '../chain';

export interface FileRunOptions {
  readonly set: DefinitionSet;
  readonly stages: Pick<Stages, 'ingest' | 'stages'>;
  readonly events: string;
  readonly tokeniser: Tokeniser;
  /** Called now and then with how many events have been read. */
  readonly progress?: (events: number) => void;
}

const beforeAllMs = -8_640_000_000_000_000;

/** Runs a file of events through the stages as one lane, in the file's order, its rows received at their own time. Offset 0 is the set; events follow. */
export function runFile(options: FileRunOptions): AsyncGenerator<OfflineBatch, void, undefined> {
  return runOffline(options.stages, fileRecords(options));
}

/** The file as records of one lane: the set, then its events. */
export async function* fileRecords({ set, events, tokeniser, progress }: Omit<FileRunOptions, 'stages'>): AsyncGenerator<RawRecord, void, undefined> {
  yield { lane: 0, offset: 0, appendedAtMs: beforeAllMs, body: { kind: 'definitions', setId: set.id, json: set.canonicalJson } };
  let offset = 1;
  const textual = rowFormatOf(events).format === 'csv';
  for await (const rows of readRowBatches(events)) {
    for (const { row, json } of rows) {
      const body = bodyOf(json ?? row, { set, tokeniser, textual });
      yield { lane: 0, offset, appendedAtMs: body.receivedAtMs ?? 0, body };
      offset += 1;
    }
    progress?.(offset - 1);
  }
}

type EventBody = Extract<RawBody, { kind: 'event' }>;
function bodyOf(input: string | Readonly<Record<string, unknown>>, { set, tokeniser, textual }: { readonly set: DefinitionSet; readonly tokeniser: Tokeniser; readonly textual: boolean }): EventBody {
  const result = toRawBody(input, { sources: set.sources, mayReplay: true, ownClock: true, tokeniser, textual });
  return result.kind === 'body' ? result.body : result.standIn;
}
