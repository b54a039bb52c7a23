import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeProtoSchema, GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema, type AttributeProto, type NodeProto, type TensorProto } from '../gen/onnx_pb';

/** Writes small ONNX models for tests. */
export type AttributeValue = number | string | { readonly ints: readonly number[] } | { readonly floats: readonly number[] } | { readonly texts: readonly string[] } | { readonly tensor: TensorProto };
const utf8 = new TextEncoder();

export function onnxNode(operator: string, inputs: readonly string[], outputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): NodeProto {
  return create(NodeProtoSchema, { opType: operator, input: [...inputs], output: [...outputs], attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)) });
}

export const onnxTensor = (name: string, dims: readonly number[], floats: readonly number[]): TensorProto =>
  create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType: 1, floatData: [...floats] });

export function onnxModel(options: { inputs: number; nodes: readonly NodeProto[]; outputs: readonly string[]; constants?: readonly TensorProto[] }): Uint8Array {
  const input = create(ValueInfoProtoSchema, { name: 'input', type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }, { dimValue: BigInt(options.inputs) }] } } } });
  const graph = create(GraphProtoSchema, { node: [...options.nodes], input: [input], output: options.outputs.map((name) => create(ValueInfoProtoSchema, { name })), initializer: [...(options.constants ?? [])] });
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph }));
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, i: BigInt(value) });
  if (typeof value === 'string') return create(AttributeProtoSchema, { name, s: utf8.encode(value) });
  if ('ints' in value) return create(AttributeProtoSchema, { name, ints: value.ints.map(BigInt) });
  if ('floats' in value) return create(AttributeProtoSchema, { name, floats: [...value.floats] });
  if ('texts' in value) return create(AttributeProtoSchema, { name, strings: value.texts.map((text) => utf8.encode(text)) });
  return create(AttributeProtoSchema, { name, t: value.tensor });
}
