import type { AttributeProto, NodeProto } from '../gen/onnx_pb';

const utf8 = new TextDecoder();

/** An operator of the graph with its attributes by name. */
export class OnnxNode {
  private readonly attributeByName: ReadonlyMap<string, AttributeProto>;

  constructor(private readonly proto: NodeProto) {
    this.attributeByName = new Map(proto.attribute.map((attribute) => [attribute.name, attribute]));
  }

  get operator(): string {
    return this.proto.opType;
  }

  get inputs(): readonly string[] {
    return this.proto.input;
  }

  /** Empty when the attribute is left out. */
  ints(name: string): readonly number[] {
    return this.attributeByName.get(name)?.ints.map(Number) ?? [];
  }

  floats(name: string): readonly number[] {
    return this.attributeByName.get(name)?.floats ?? [];
  }

  texts(name: string): readonly string[] {
    return this.attributeByName.get(name)?.strings.map((bytes) => utf8.decode(bytes)) ?? [];
  }

  int(name: string, fallback: number): number {
    const attribute = this.attributeByName.get(name);
    return attribute === undefined ? fallback : Number(attribute.i);
  }

  float(name: string, fallback: number): number {
    return this.attributeByName.get(name)?.f ?? fallback;
  }

  text(name: string, fallback: string): string {
    const attribute = this.attributeByName.get(name);
    return attribute === undefined ? fallback : utf8.decode(attribute.s);
  }

  hasTensor(name: string): boolean {
    return this.attributeByName.get(name)?.t !== undefined;
  }
}
