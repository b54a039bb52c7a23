import { Reader, Root, type Type } from 'protobufjs';
import { FileDescriptorSet, type IFileDescriptorProto } from 'protobufjs/ext/descriptor';
import { descriptorSetBase64 } from './gen/descriptor-set';

/** A message as an object with the field names of the `.proto` file. */
export type Message = Readonly<Record<string, unknown>>;

export interface Codec {
  encode(message: Message): Buffer;
  /** 64-bit numbers as numbers, absent fields as their defaults, absent messages as null; of a oneof also which one is set. */
  decode(bytes: Buffer): Message;
}

export interface MethodDescriptor { readonly name: string; readonly request: Codec; readonly response: Codec; readonly requestStream: boolean; readonly responseStream: boolean }

const bytes = Buffer.from(descriptorSetBase64, 'base64');
const root = Root.fromDescriptor(bytes, { keepCase: true }).resolveAll();

/** The methods of a service by its full name, e.g. `weir.v1.FeatureService`. */
export function methodsOf(service: string): readonly MethodDescriptor[] {
  return root.lookupService(service).methodsArray.map((method) => ({
    name: method.name, request: codecOf(root.lookupType(method.requestType)), response: codecOf(root.lookupType(method.responseType)),
    requestStream: method.requestStream === true, responseStream: method.responseStream === true,
  }));
}

const asGiven = { longs: Number, defaults: true, oneofs: true } as const;
const codecOf = (type: Type): Codec => ({
  encode: (message) => { const written = type.encode(message).finish(); return Buffer.from(written.buffer, written.byteOffset, written.byteLength); },
  decode: (given) => type.toObject(type.decode(given), asGiven),
});

export interface DescribedFile { readonly name: string; readonly bytes: Buffer; readonly dependencies: readonly string[]; /** Full names of what it declares. */ readonly symbols: readonly string[] }

/** Every file of the interface, with its bytes as the compiler wrote them. */
export function describedFiles(): readonly DescribedFile[] {
  const parsed = FileDescriptorSet.decode(bytes) as unknown as { readonly file: readonly IFileDescriptorProto[] }; // what the type of this name decodes to
  const raw = fileBytes();
  return parsed.file.map((file, index) => ({ name: file.name ?? '', bytes: raw[index] ?? Buffer.alloc(0), dependencies: file.dependency ?? [], symbols: symbolsOf(file) }));
}

/** A set is nothing but its files, each with a tag and its length. */
function fileBytes(): Buffer[] {
  const reader = Reader.create(bytes);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    reader.uint32();
    files.push(Buffer.from(reader.bytes()));
  }
  return files;
}

function symbolsOf(file: IFileDescriptorProto): string[] {
  const prefix = file.package === undefined || file.package === '' ? '' : `${file.package}.`;
  const symbols: string[] = [];
  for (const type of file.messageType ?? []) addMessage(`${prefix}${type.name ?? ''}`, type, symbols);
  for (const type of file.enumType ?? []) symbols.push(`${prefix}${type.name ?? ''}`);
  for (const service of file.service ?? []) {
    const name = `${prefix}${service.name ?? ''}`;
    symbols.push(name, ...(service.method ?? []).map((method) => `${name}.${method.name ?? ''}`));
  }
  return symbols;
}

type DescribedMessage = NonNullable<IFileDescriptorProto['messageType']>[number];
function addMessage(name: string, type: DescribedMessage, symbols: string[]): void {
  symbols.push(name, ...(type.field ?? []).map((field) => `${name}.${field.name ?? ''}`), ...(type.enumType ?? []).map((each) => `${name}.${each.name ?? ''}`));
  for (const nested of type.nestedType ?? []) addMessage(`${name}.${nested.name ?? ''}`, nested, symbols);
}
