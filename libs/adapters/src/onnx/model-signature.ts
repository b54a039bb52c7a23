import { WeirError, type Finding } from '@weir/contracts';
import type { InferenceSession } from 'onnxruntime-node';
import type { SessionShape } from './model-session';
import type { OutputName } from './output-name';

export interface ModelSignature {
  readonly input: string;
  readonly inputs: number;
  readonly output: OutputName;
}

type Metadata = InferenceSession.ValueMetadata | undefined;

/**
 * What of a session fits Weir: one input `float [n, m]`, and an output that is a tensor of numbers with the column asked for.
 * @throws WeirError WEIR_MODEL_INVALID with a finding per thing that does not fit.
 */
export function readSignature(session: SessionShape, output: OutputName): ModelSignature {
  const findings: Finding[] = [];
  const inputs = checkInput(session, findings);
  checkOutput(session, output, findings);
  if (findings.length > 0) throw invalidModel('the model does not fit', findings);
  return { input: session.inputNames[0] ?? '', inputs, output };
}

export const invalidModel = (message: string, findings: readonly Finding[], cause?: unknown): WeirError => new WeirError('WEIR_MODEL_INVALID', message, { findings, cause });

function checkInput(session: SessionShape, findings: Finding[]): number {
  const metadata = session.inputMetadata[0];
  const columns = metadata?.isTensor === true ? metadata.shape[1] : undefined;
  const fits = session.inputNames.length === 1 && metadata?.isTensor === true && metadata.type === 'float32' && metadata.shape.length === 2 && typeof metadata.shape[0] === 'string' && typeof columns === 'number' && columns > 0;
  if (!fits) findings.push({ where: 'model', field: 'input', expected: 'one input, float [n, m] with n open and m fixed', got: session.inputMetadata.map(described).join('; ') || 'none' });
  return fits && typeof columns === 'number' ? columns : 0;
}

function checkOutput(session: SessionShape, output: OutputName, findings: Finding[]): void {
  const index = session.outputNames.indexOf(output.tensor);
  const metadata = session.outputMetadata[index];
  const add = (expected: string, got: string): void => { findings.push({ where: 'model', field: 'output', expected, got }); };
  if (index < 0) return add(`one of ${session.outputNames.join(', ')}`, output.tensor);
  if (metadata?.isTensor !== true) return add('a tensor (convert the model with zipmap=False)', described(metadata));
  if (metadata.type !== 'float32' && metadata.type !== 'float64') return add('a tensor of float or double', described(metadata));
  const columns = metadata.shape.length < 2 ? 1 : metadata.shape[1];
  if (typeof columns !== 'number') return; // open in the file; the first answer is checked instead
  if (output.column === undefined && columns !== 1) add(`${output.tensor}[column], column 0 to ${columns - 1}`, output.tensor);
  if (output.column !== undefined && output.column >= columns) add(`a column from 0 to ${columns - 1}`, String(output.column));
}

function described(metadata: Metadata): string {
  if (metadata === undefined) return 'nothing';
  if (!metadata.isTensor) return `${metadata.name}: no tensor`;
  return `${metadata.name}: ${metadata.type} [${metadata.shape.map((size) => (size === '' ? 'n' : size)).join(', ')}]`;
}
