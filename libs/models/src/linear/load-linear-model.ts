import { invalidModel } from '../invalid-model';
import type { OnnxGraph, OnnxTensor } from '../onnx/onnx-graph';
import type { OnnxNode } from '../onnx/onnx-node';
import { parseModelOutput } from '../onnx/output-name';
import { combined, inputColumn, scaled, type Affine } from './affine';

/** Columns a value may have, and operators one after the other. */
const columnsMax = 10_000;
const operatorsMax = 100;

/**
 * Reads a linear or logistic model: `LinearRegressor`, `LinearClassifier` (two labels), or `Gemm`, `MatMul`, `Add`, `Sub`, `Mul`, `Div`,
 * `Scaler`, `Concat`, `Sigmoid` that come to the same. The number read is the last column of the output, or the one asked for.
 * @throws WeirError WEIR_MODEL_INVALID when the output is something else.
 */
export function loadLinearModel(graph: OnnxGraph, output: string | undefined): Affine {
  const asked = output === undefined ? undefined : parseModelOutput(output);
  if (output !== undefined && (asked === undefined || !graph.outputs.includes(asked.tensor))) throw refused(`the output ${output}`);
  const names = asked === undefined ? graph.outputs : [asked.tensor];
  let why: unknown;
  for (const name of names) {
    try {
      const reader = new LinearReader(graph);
      return reader.column(name, asked?.column ?? reader.width(name) - 1);
    } catch (error) {
      why ??= error;
    }
  }
  throw why;
}

const refused = (got: string): Error => invalidModel('output', 'a sum of tree ensembles, or a linear or logistic model', got);

class LinearReader {
  private depth = 0;

  constructor(private readonly graph: OnnxGraph) {}

  width(value: string): number {
    if (value === this.graph.input.name) return this.graph.input.width;
    const node = this.nodeOf(value);
    switch (node.operator) {
      case 'Gemm': return this.matrix(node.inputs[1], node.int('transB', 0) === 1).columns;
      case 'MatMul': return this.matrix(node.inputs[1], false).columns;
      case 'Concat': return node.inputs.reduce((sum, input) => sum + this.width(input), 0);
      case 'LinearRegressor': return 1;
      case 'LinearClassifier': return 2;
      default: return this.width(node.inputs.find((input) => this.graph.constant(input) === undefined) ?? '');
    }
  }

  column(value: string, column: number): Affine {
    if (value === this.graph.input.name) return inputColumn(this.graph.input.width, column);
    const node = this.nodeOf(value);
    if (++this.depth > operatorsMax) throw refused('a graph too deep');
    const result = this.ofNode(node, column);
    this.depth--;
    return result;
  }

  private ofNode(node: OnnxNode, column: number): Affine {
    switch (node.operator) {
      case 'Identity': case 'ZipMap': return this.column(node.inputs[0] ?? '', column);
      case 'Cast': if (node.int('to', 0) !== 1 && node.int('to', 0) !== 11) throw refused('the operator Cast'); return this.column(node.inputs[0] ?? '', column);
      case 'Sigmoid': return { ...this.plain(node.inputs[0], column), logistic: true };
      case 'Scaler': return this.scaler(node, column);
      case 'Gemm': case 'MatMul': return this.product(node, column);
      case 'Add': case 'Sub': case 'Mul': case 'Div': return this.withConstant(node, column);
      case 'Concat': return this.concat(node, column);
      case 'LinearRegressor': return this.regressor(node);
      case 'LinearClassifier': return this.classifier(node, column);
      case 'Normalizer': return this.normalizer(node, column);
      default: throw refused(`the operator ${node.operator}`);
    }
  }

  private nodeOf(value: string): OnnxNode {
    const producer = this.graph.producerByValue.get(value);
    if (producer === undefined) throw refused(`the value ${value}`);
    if (producer.node.operator === 'LinearClassifier' && producer.outputIndex === 0) throw refused('a label');
    return producer.node;
  }

  /** A column on which more can be computed. */
  private plain(value: string | undefined, column: number): Affine {
    const affine = this.column(value ?? '', column);
    if (affine.logistic) throw refused('a computation behind the logistic');
    return affine;
  }

  private scaler(node: OnnxNode, column: number): Affine {
    const [offsets, scales] = [node.floats('offset'), node.floats('scale')];
    const offset = (offsets.length === 1 ? offsets[0] : offsets[column]) ?? 0;
    const scale = (scales.length === 1 ? scales[0] : scales[column]) ?? 1;
    return scaled(this.plain(node.inputs[0], column), scale, -offset * scale);
  }

  private product(node: OnnxNode, column: number): Affine {
    const isGemm = node.operator === 'Gemm';
    if (isGemm && node.int('transA', 0) === 1) throw refused('a Gemm of a transposed input');
    const matrix = this.matrix(node.inputs[1], isGemm && node.int('transB', 0) === 1);
    if (column >= matrix.columns) throw refused(`column ${column} of ${matrix.columns}`);
    const parts = Array.from({ length: matrix.rows }, (_, row) => this.plain(node.inputs[0], row));
    const alpha = isGemm ? node.float('alpha', 1) : 1;
    const shift = isGemm && node.inputs[2] !== undefined ? node.float('beta', 1) * this.constantAt(node.inputs[2], column) : 0;
    return combined(parts, (row) => alpha * matrix.at(row, column), shift);
  }

  private withConstant(node: OnnxNode, column: number): Affine {
    const [first = '', second = ''] = node.inputs;
    if (this.graph.constant(second) !== undefined) {
      const c = this.constantAt(second, column);
      const x = this.plain(first, column);
      return node.operator === 'Add' ? scaled(x, 1, c) : node.operator === 'Sub' ? scaled(x, 1, -c) : scaled(x, node.operator === 'Mul' ? c : 1 / c, 0);
    }
    if (this.graph.constant(first) === undefined || node.operator === 'Div') throw refused(`the operator ${node.operator} of two values`);
    const c = this.constantAt(first, column);
    if (node.operator === 'Sub' && c === 1) return this.oneMinus(second, column);
    const x = this.plain(second, column);
    return node.operator === 'Add' ? scaled(x, 1, c) : node.operator === 'Sub' ? scaled(x, -1, c) : scaled(x, c, 0);
  }

  /** 1 − logistic(z) = logistic(−z). */
  private oneMinus(value: string, column: number): Affine {
    const affine = this.column(value, column);
    return affine.logistic ? { ...scaled(affine, -1, 0), logistic: true } : scaled(affine, -1, 1);
  }

  private concat(node: OnnxNode, column: number): Affine {
    if (node.int('axis', 1) !== 1 && node.int('axis', 1) !== -1) throw refused('a Concat of rows');
    let left = column;
    for (const input of node.inputs) {
      const width = this.width(input);
      if (left < width) return this.column(input, left);
      left -= width;
    }
    throw refused(`column ${column} of a Concat`);
  }

  private regressor(node: OnnxNode): Affine {
    if (node.int('targets', 1) !== 1) throw refused('a LinearRegressor of several targets');
    return this.linear(node, { row: 0, transform: node.text('post_transform', 'NONE') });
  }

  private classifier(node: OnnxNode, column: number): Affine {
    const labels = Math.max(node.ints('classlabels_ints').length, node.texts('classlabels_strings').length);
    const transform = node.text('post_transform', 'NONE');
    if (labels !== 2 || node.floats('coefficients').length !== 2 * this.graph.input.width) throw refused(`a LinearClassifier of ${labels} labels`);
    if (transform !== 'SOFTMAX') return this.linear(node, { row: column, transform });
    const [own, other] = [this.linear(node, { row: column, transform: 'NONE' }), this.linear(node, { row: 1 - column, transform: 'NONE' })];
    return { ...combined([own, other], (index) => (index === 0 ? 1 : -1), 0), logistic: true };
  }

  private linear(node: OnnxNode, what: { row: number; transform: string }): Affine {
    if (what.transform !== 'NONE' && what.transform !== 'LOGISTIC') throw refused(`the transform ${what.transform}`);
    const coefficients = node.floats('coefficients');
    const width = this.width(node.inputs[0] ?? '');
    const parts = Array.from({ length: width }, (_, input) => this.plain(node.inputs[0], input));
    const affine = combined(parts, (input) => coefficients[what.row * width + input] ?? 0, node.floats('intercepts')[what.row] ?? 0);
    return { ...affine, logistic: what.transform === 'LOGISTIC' };
  }

  /** The logistics of z and −z add to one already. */
  private normalizer(node: OnnxNode, column: number): Affine {
    const [own, other] = [this.column(node.inputs[0] ?? '', column), this.column(node.inputs[0] ?? '', 1 - column)];
    const opposite = own.logistic && other.logistic && own.bias === -other.bias && own.weights.every((weight, input) => weight === -(other.weights[input] as number));
    if (node.text('norm', 'MAX') !== 'L1' || this.width(node.inputs[0] ?? '') !== 2 || !opposite) throw refused('a Normalizer');
    return own;
  }

  private matrix(name: string | undefined, transposed: boolean): { rows: number; columns: number; at(row: number, column: number): number } {
    const tensor = this.tensor(name);
    const [first = 0, second = 0] = tensor.dims;
    if (tensor.dims.length !== 2 || first > columnsMax || second > columnsMax) throw refused(`a matrix of ${tensor.dims.join(' × ')}`);
    return { rows: transposed ? second : first, columns: transposed ? first : second, at: (row, column) => tensor.values[transposed ? column * second + row : row * second + column] as number };
  }

  /** A constant's number for a column: one for all, or one a column. */
  private constantAt(name: string, column: number): number {
    const { values } = this.tensor(name);
    const value = values.length === 1 ? values[0] : values[column];
    if (value === undefined) throw refused(`a constant without column ${column}`);
    return value;
  }

  private tensor(name: string | undefined): OnnxTensor {
    const tensor = this.graph.constant(name ?? '');
    if (tensor === undefined) throw refused('a value that is computed where a constant is expected');
    return tensor;
  }
}
