import { once } from 'node:events';
import { constants } from 'node:os';
import { SingleBar } from 'cli-progress';

/** Exit codes of the command line. */
export const exitCodes = Object.freeze({ done: 0, difference: 1, wrongInput: 2 });

/** The command was ended by a signal and has put away what it had begun; its exit code says so as a shell expects it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('cancelled');
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Messages and progress go to standard error; results alone to standard output. */
export const say = (text: string): void => { process.stderr.write(`${text}\n`); };

const outputBytesMax = 1 << 16;

/** Results, line by line, held together into large writes and waiting where the reader is slow. */
export class LineWriter {
  private pending: string[] = [];
  private pendingBytes = 0;
  constructor(private readonly stream: NodeJS.WritableStream = process.stdout) {}

  /** Resolves at once unless a block has filled up and its reader is behind. */
  write(line: string): Promise<void> | void {
    this.pending.push(line, '\n');
    this.pendingBytes += line.length + 1;
    if (this.pendingBytes >= outputBytesMax) return this.flush();
  }

  async flush(): Promise<void> {
    if (this.pending.length === 0) return;
    const block = this.pending.join('');
    this.pending = [];
    this.pendingBytes = 0;
    if (!this.stream.write(block)) await once(this.stream, 'drain');
  }
}

const plainProgressEveryMs = 3_000;

/** A progress bar on a terminal, a line every few seconds elsewhere; silent for work that ends sooner. */
export class Progress {
  private readonly bar: SingleBar | undefined;
  private readonly startedAtMs = Date.now();
  private lastSaidAtMs = Date.now();
  constructor(private readonly title: string, private readonly total: number | undefined) {
    if (!process.stderr.isTTY || total === undefined) return;
    this.bar = new SingleBar({ format: `${title} {bar} {percentage}% · {value}/{total} · {eta_formatted} left`, stream: process.stderr, clearOnComplete: true, etaBuffer: 100 });
    this.bar.start(total, 0);
  }

  at(done: number): void {
    if (this.bar) { this.bar.update(done); return; }
    const nowMs = Date.now();
    if (nowMs - this.lastSaidAtMs < plainProgressEveryMs) return;
    this.lastSaidAtMs = nowMs;
    const share = this.total ? ` of ${this.total} (${Math.floor((100 * done) / this.total)} %)` : '';
    say(`${this.title}: ${done}${share}, ${Math.round(done / ((nowMs - this.startedAtMs) / 1000))}/s`);
  }

  end(): void { this.bar?.stop(); }
}
