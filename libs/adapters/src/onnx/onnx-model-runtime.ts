import './no-telemetry';
import { WeirError } from '@weir/contracts';
import { ModelRuntime, type LoadedModel } from '@weir/ports';
import { InferenceSession } from 'onnxruntime-node';
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

/** Models in ONNX by onnxruntime on the CPU, inside this process. */
export class OnnxModelRuntime extends ModelRuntime {
  private readonly rowsMax: number;

  /** `rowsPerRunMax`: more rows than this are scored in several runs, so that one call never holds the process for long. */
  constructor(options: { readonly rowsPerRunMax?: number } = {}) {
    super();
    this.rowsMax = options.rowsPerRunMax ?? rowsPerRunMax;
  }

  override async load(model: { readonly bytes: Uint8Array; readonly output: string }): Promise<LoadedModel> {
    const output = parseOutputName(model.output);
    if (output === undefined) throw invalidModel('the model does not fit', [{ where: 'model', field: 'output', expected: 'name or name[column]', got: model.output }]);
    const session = await openSession(model.bytes);
    try {
      return new OnnxModel(session, readSignature(session, output), this.rowsMax);
    } catch (error) {
      await session.release();
      throw error;
    }
  }
}

async function openSession(bytes: Uint8Array): Promise<InferenceSession> {
  if (bytes.byteLength === 0) throw invalidModel('the model cannot be read', [{ where: 'model', field: 'file', expected: 'an ONNX model', got: 'an empty file' }]);
  try {
    return await InferenceSession.create(bytes, sessionOptions);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new WeirError('WEIR_MODEL_INVALID', `the model cannot be read: ${got}`, { findings: [{ where: 'model', field: 'file', expected: 'an ONNX model that onnxruntime can run', got }], cause: error });
  }
}
