import { setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { WeirError, type RawRecord } from '@weir/contracts';
import { resolveCanonicalSet } from '@weir/definitions';
import { buildFollowedStages } from '../replay/followed-stages';
import { modelFilesBelow } from '../model-files';
import { fileRecords } from '../offline/file-run';
import { ModelArtifacts } from '../suite/model-artifacts';
import { LabelBook } from './label-book';
import { LocalSide, sideBatchMax } from './local-side';
import { RememberingTokeniser } from './remembering-tokeniser';
import { unpackRecords, type RecordPack } from './record-pack';
import type { FromSide, SideJob, ToSide } from './side-job';
import type { StoredQuestion } from './stored-comparison';

/** What runs in the thread: gives a batch, answers for its decisions until it has been used, gives the next. */
class SideThread {
  private readonly waiting: Array<{ readonly isFor: (message: ToSide) => boolean; readonly resolve: (message: ToSide) => void }> = [];
  private readonly early: ToSide[] = [];

  constructor(private readonly port: MessagePort, private readonly job: SideJob) {
    port.on('message', (message: ToSide) => { this.take(message); });
  }

  async run(): Promise<void> {
    const { job } = this;
    const loadFile = job.models.kind === 'folder' ? modelFilesBelow(job.models.path) : this.artifacts(job.models.path);
    const recent = new RecentRows((question) => this.stored(question));
    const read = (question: StoredQuestion): Promise<readonly (string | undefined)[]> => recent.read(question);
    const side = new LocalSide({
      ...job, records: this.records(), labels: LabelBook.unpack(job.labels), stored: job.storedThrough === undefined ? undefined : { throughOffset: job.storedThrough, read },
      stages: buildFollowedStages({
        lane: job.lane, lanes: job.lanes, replaceWith: job.replaceWith, stored: read, runtime: new OnnxModelRuntime(), loadFile,
        read: async (lane, fromOffset, max) => [...unpackRecords(lane, await this.read(lane, fromOffset, max))],
      }),
    });
    try {
      for (;;) {
        const batch = await side.next();
        if (batch === undefined) break;
        this.say({ kind: 'batch', batch });
        await this.until('next', async (offsets) => { this.say({ kind: 'details', details: await side.details(offsets) }); });
      }
      this.say({ kind: 'end', totals: await side.totals() });
    } finally {
      await side.close();
    }
  }

  private artifacts(path: string): (file: string, sha256: string | null) => Promise<Uint8Array> {
    const artifacts = new ModelArtifacts(path);
    return (file, sha256) => artifacts.read(file, sha256);
  }

  private records(): AsyncGenerator<RawRecord, void, undefined> {
    const { source } = this.job;
    return source.kind === 'file' ? fileRecords({ set: resolveCanonicalSet(source.setJson), events: source.events, tokeniser: new RememberingTokeniser(source.tokenKey) }) : this.fed(source);
  }

  /** One pack is on its way while the one before is worked on. */
  private async *fed({ fromOffset, endOffset }: { readonly fromOffset: number; readonly endOffset: number }): AsyncGenerator<RawRecord, void, undefined> {
    let ahead: Promise<RecordPack> | undefined = fromOffset < endOffset ? this.read(this.job.lane, fromOffset, endOffset - fromOffset) : undefined;
    while (ahead !== undefined) {
      const pack: RecordPack = await ahead;
      const last = pack.offsets.at(-1);
      if (last === undefined) return;
      ahead = last + 1 < endOffset ? this.read(this.job.lane, last + 1, endOffset - last - 1) : undefined;
      yield* unpackRecords(this.job.lane, pack);
    }
  }

  private async read(lane: number, fromOffset: number, max: number): Promise<RecordPack> {
    this.say({ kind: 'read', lane, fromOffset, max: Math.min(sideBatchMax, max) });
    const answer = await this.hear((message) => message.kind === 'records' && message.lane === lane);
    if (answer.kind !== 'records') throw new TypeError(answer.kind);
    return answer.pack;
  }

  private async stored(question: StoredQuestion): Promise<readonly (string | undefined)[]> {
    this.say({ kind: 'stored', question });
    const answer = await this.hear(({ kind }) => kind === 'stored');
    if (answer.kind !== 'stored') throw new TypeError(answer.kind);
    return answer.rows;
  }

  /** Answers questions about the batch that is out until it has been used. */
  private async until(kind: 'next', answer: (offsets: readonly number[]) => Promise<void>): Promise<void> {
    for (;;) {
      const message = await this.hear((each) => each.kind === kind || each.kind === 'details');
      if (message.kind === 'details') await answer(message.offsets);
      else return;
    }
  }

  /** The first message that it is for, of those that came early or come yet. */
  private hear(isFor: (message: ToSide) => boolean): Promise<ToSide> {
    const at = this.early.findIndex(isFor);
    const [known] = at < 0 ? [] : this.early.splice(at, 1);
    return known !== undefined ? Promise.resolve(known) : new Promise((resolve) => { this.waiting.push({ isFor, resolve }); });
  }

  private take(message: ToSide): void {
    const at = this.waiting.findIndex(({ isFor }) => isFor(message));
    if (at < 0) this.early.push(message);
    else this.waiting.splice(at, 1)[0]?.resolve(message);
  }

  private say(message: FromSide): void { this.port.postMessage(message); }
}

/** The decisions of the batch that is worked on are asked for twice, by what follows their positions and by what compares them. */
class RecentRows {
  private rows = new Map<number, string | undefined>();

  constructor(private readonly ask: (question: StoredQuestion) => Promise<readonly (string | undefined)[]>) {}

  async read(question: StoredQuestion): Promise<readonly (string | undefined)[]> {
    const missing = question.offsets.filter((offset) => !this.rows.has(offset));
    if (missing.length === question.offsets.length) this.rows.clear();
    if (missing.length > 0) (await this.ask({ ...question, offsets: missing })).forEach((row, index) => this.rows.set(missing[index] ?? -1, row));
    return question.offsets.map((offset) => this.rows.get(offset));
  }
}

async function main(port: MessagePort): Promise<void> {
  const job = workerData as SideJob; // posted by ThreadSide alone
  // On Linux the priority of 0 is that of the calling thread alone; elsewhere it may be the process's, so it is left as it is.
  if (job.niceness > 0 && process.platform === 'linux') setPriority(0, job.niceness);
  try {
    await new SideThread(port, job).run();
  } catch (error) {
    const told: FromSide = {
      kind: 'failed', message: error instanceof Error ? error.message : String(error), code: error instanceof WeirError ? error.code : '', findings: error instanceof WeirError ? [...error.findings] : [],
    };
    port.postMessage(told);
  } finally {
    port.close();
  }
}

if (parentPort !== null) void main(parentPort);
