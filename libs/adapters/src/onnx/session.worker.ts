/** The thread of `SessionThread`. Runs as it stands, so it imports no neighbour. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SessionRun } from './model-session';
import type { SessionJob, SessionSaid } from './session-thread';

process.env['ORT_DISABLE_TELEMETRY'] ??= '1'; // before the runtime is loaded, as in no-telemetry.ts

async function serve({ bytes, options }: SessionJob, say: (said: SessionSaid) => void): Promise<void> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const told = (cause: unknown): SessionSaid => ({ error: cause instanceof Error ? cause.message : String(cause) });
  let session: Awaited<ReturnType<typeof InferenceSession.create>>;
  try {
    session = await InferenceSession.create(bytes, options);
  } catch (cause) {
    say(told(cause));
    return;
  }
  const answer = async ({ input, output, rows, count, columns }: SessionRun): Promise<SessionSaid> => {
    const tensor = (await session.run({ [input]: new Tensor('float32', rows, [count, columns]) }, [output]))[output];
    return { answer: { data: tensor?.data, type: tensor?.type ?? 'nothing', dims: tensor?.dims ?? [] } };
  };
  let last: Promise<void> = Promise.resolve();
  // null is the last that is asked: the thread ends behind what was asked before.
  parentPort?.on('message', (asked: SessionRun | null) => { last = asked === null ? last.then(leave) : last.then(() => answer(asked)).catch(told).then(say); });
  const leave = async (): Promise<void> => {
    await session.release();
    parentPort?.close();
  };
  const { inputNames, inputMetadata, outputNames, outputMetadata } = session;
  say({ shape: { inputNames, inputMetadata, outputNames, outputMetadata } });
}

const port = parentPort;
if (port !== null) void serve(workerData as SessionJob, (said) => port.postMessage(said)); // made by SessionThread alone
