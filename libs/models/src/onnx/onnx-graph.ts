import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type GraphProto, type NodeProto, type TensorProto, type ValueInfoProto } from '../gen/onnx_pb';
import { invalidModel } from '../invalid-model';
import { OnnxNode } from './onnx-node';

/** Numbers of an initializer, in row-major order. */
export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

/** Where a value comes from: the node and which of its outputs. */
export interface Producer {
  readonly node: OnnxNode;
  readonly outputIndex: number;
}

/** A model's graph as the readers of trees and linear models ask for it. */
export interface OnnxGraph {
  /** The one input, `float [n, m]`. */
  readonly input: { readonly name: string; readonly width: number };
  readonly outputs: readonly string[];
  readonly producerByValue: ReadonlyMap<string, Producer>;
  /** undefined: no initializer has the name, or it does not hold floats or doubles. */
  constant(name: string): OnnxTensor | undefined;
}

/** Nodes a graph may have; trees are one node each ensemble, so real ones have a handful. */
const graphNodesMax = 10_000;
const elementType = Object.freeze({ float: 1, double: 11 });

/** @throws WeirError WEIR_MODEL_INVALID when the bytes are no ONNX model with one input `float [n, m]`. */
export function readOnnxGraph(bytes: Uint8Array): OnnxGraph {
  const graph = decode(bytes);
  if (graph.node.length > graphNodesMax) throw invalidModel('graph', `at most ${graphNodesMax} nodes`, String(graph.node.length));
  const tensorByName = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return {
    input: readInput(graph.input.filter((input) => !tensorByName.has(input.name))),
    outputs: graph.output.map((output) => output.name),
    producerByValue: producers(graph.node),
    constant: (name) => { const tensor = tensorByName.get(name); return tensor && readTensor(tensor); },
  };
}

function decode(bytes: Uint8Array): GraphProto {
  try {
    const graph = fromBinary(ModelProtoSchema, bytes).graph;
    if (graph !== undefined && graph.node.length > 0) return graph;
  } catch (error) {
    throw invalidModel('file', 'an ONNX model', error instanceof Error ? error.message : String(error));
  }
  throw invalidModel('file', 'an ONNX model', 'a file without a graph');
}

function readInput(inputs: readonly ValueInfoProto[]): { name: string; width: number } {
  const [input] = inputs;
  const type = input?.type?.tensorType;
  const width = Number(type?.shape?.dim[1]?.dimValue ?? 0n);
  const fits = inputs.length === 1 && type?.elemType === elementType.float && type.shape?.dim.length === 2 && width > 0;
  if (input === undefined || !fits) throw invalidModel('input', 'one input, float [n, m] with m fixed', inputs.map((other) => other.name).join(', ') || 'none');
  return { name: input.name, width };
}

function producers(nodes: readonly NodeProto[]): Map<string, Producer> {
  const byValue = new Map<string, Producer>();
  for (const proto of nodes) {
    const node = new OnnxNode(proto);
    proto.output.forEach((value, outputIndex) => byValue.set(value, { node, outputIndex }));
  }
  return byValue;
}

function readTensor(tensor: TensorProto): OnnxTensor | undefined {
  const dims = tensor.dims.map(Number);
  const length = dims.reduce((product, size) => product * size, 1);
  const values = tensorValues(tensor);
  return values?.length === length ? { dims, values } : undefined;
}

function tensorValues(tensor: TensorProto): Float64Array | undefined {
  const { dataType, rawData } = tensor;
  if (dataType !== elementType.float && dataType !== elementType.double) return undefined;
  if (rawData.length === 0) return Float64Array.from(dataType === elementType.float ? tensor.floatData : tensor.doubleData);
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return dataType === elementType.float
    ? Float64Array.from({ length: rawData.length / 4 }, (_, index) => view.getFloat32(index * 4, true))
    : Float64Array.from({ length: rawData.length / 8 }, (_, index) => view.getFloat64(index * 8, true));
}
