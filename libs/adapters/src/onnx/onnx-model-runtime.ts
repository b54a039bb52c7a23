import { WeirError } from '@weir/contracts';
import { ModelRuntime, type LoadedModel } from '@weir/ports';
import type { InferenceSession } from 'onnxruntime-node';
import { openSession, type ModelSession } from './model-session';
import { invalidModel, readSignature } from './model-signature';
import { OnnxModel, rowsPerRunMax } from './onnx-model';
import { parseOutputName } from './output-name';

/**
 * One thread per session: with two, the same row gave other bits alone than in a batch of 64. With one, every batch size
 * gives the same, and a core answers about a million rows a second of a small tree ensemble.
 */
const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4, // what fails is thrown, and told once a minute by those who count it
};

/** Models in ONNX by onnxruntime on the CPU, inside this process: in the caller's thread, or each in its own. */
export class OnnxModelRuntime extends ModelRuntime {
  private readonly rowsMax: number;

  /**
   * `rowsPerRunMax`: more rows than this are scored in several runs, so that one call never holds its thread for long. `ownThreads`: each model has a thread, and
   * one that hangs holds that alone; without it a run holds the caller's, as suits files and replays.
   */
  constructor(private readonly options: { readonly rowsPerRunMax?: number; readonly ownThreads?: boolean } = {}) {
    super();
    this.rowsMax = options.rowsPerRunMax ?? rowsPerRunMax;
  }

  override async load(model: { readonly bytes: Uint8Array; readonly output: string }): Promise<LoadedModel> {
    const output = parseOutputName(model.output);
    if (output === undefined) throw invalidModel('the model does not fit', [{ where: 'model', field: 'output', expected: 'name or name[column]', got: model.output }]);
    const session = await opened(model.bytes, { ownThread: this.options.ownThreads ?? false });
    try {
      return new OnnxModel(session, readSignature(session, output), this.rowsMax);
    } catch (error) {
      await session.release();
      throw error;
    }
  }
}

async function opened(bytes: Uint8Array, where: { readonly ownThread: boolean }): Promise<ModelSession> {
  if (bytes.byteLength === 0) throw invalidModel('the model cannot be read', [{ where: 'model', field: 'file', expected: 'an ONNX model', got: 'an empty file' }]);
  try {
    return await openSession(bytes, sessionOptions, where);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new WeirError('WEIR_MODEL_INVALID', `the model cannot be read: ${got}`, { findings: [{ where: 'model', field: 'file', expected: 'an ONNX model that onnxruntime can run', got }], cause: error });
  }
}
