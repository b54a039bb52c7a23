import './no-telemetry';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SessionThread } from './session-thread';

/** What a session says of itself. */
export interface SessionShape {
  readonly inputNames: readonly string[];
  readonly inputMetadata: ReadonlyArray<InferenceSession.ValueMetadata>;
  readonly outputNames: readonly string[];
  readonly outputMetadata: ReadonlyArray<InferenceSession.ValueMetadata>;
}

/** One input tensor `float [count, columns]`, and the output that is asked for. */
export interface SessionRun { readonly input: string; readonly output: string; readonly rows: Float32Array; readonly count: number; readonly columns: number }
export interface SessionAnswer { readonly data: unknown; readonly type: string; readonly dims: readonly number[] }

/** A session of the runtime, in this thread or another. */
export interface ModelSession extends SessionShape {
  run(asked: SessionRun): Promise<SessionAnswer>;
  release(): Promise<void>;
}

/** Like `InferenceSession.create`; in a thread of its own the runtime's call, which holds its thread, holds nobody else. @throws what the runtime throws. */
export async function openSession(bytes: Uint8Array, options: InferenceSession.SessionOptions, where: { readonly ownThread: boolean }): Promise<ModelSession> {
  return where.ownThread ? SessionThread.open(bytes, options) : new LocalSession(await InferenceSession.create(bytes, options));
}

class LocalSession implements ModelSession {
  constructor(private readonly session: InferenceSession) {}
  get inputNames() { return this.session.inputNames; }
  get inputMetadata() { return this.session.inputMetadata; }
  get outputNames() { return this.session.outputNames; }
  get outputMetadata() { return this.session.outputMetadata; }

  async run({ input, output, rows, count, columns }: SessionRun): Promise<SessionAnswer> {
    return (await this.session.run({ [input]: new Tensor('float32', rows, [count, columns]) }, [output]))[output] as Tensor;
  }

  release(): Promise<void> { return this.session.release(); }
}
