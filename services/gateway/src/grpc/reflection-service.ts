import { status, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { describedFiles, type DescribedFile, type Message } from './descriptor-set';
import { textOf } from './values';

/** `grpc.reflection.v1` (and `v1alpha`, which has the same messages), open to all: a client learns the interface from the server. */
export function reflectionService(services: readonly string[]): UntypedServiceImplementation {
  const files = new Map(describedFiles().map((file) => [file.name, file]));
  const fileBySymbol = new Map([...files.values()].flatMap((file) => file.symbols.map((symbol) => [symbol, file] as const)));
  const answer = (request: Message): Message => {
    switch (request['message_request']) {
      case 'list_services': return { list_services_response: { service: services.map((name) => ({ name })) } };
      case 'file_by_filename': return fileAnswer(files, files.get(textOf(request['file_by_filename']) ?? ''));
      case 'file_containing_symbol': return fileAnswer(files, fileBySymbol.get(textOf(request['file_containing_symbol']) ?? ''));
      default: return notFound;
    }
  };
  return {
    ServerReflectionInfo: (call: ServerDuplexStream<Message, Message>) => {
      call.on('data', (request: Message) => { call.write({ valid_host: request['host'] ?? '', original_request: request, ...answer(request) }); });
      call.on('end', () => call.end());
    },
  };
}

const notFound: Message = { error_response: { error_code: status.NOT_FOUND, error_message: 'there is no such thing here' } };

/** A file and all it builds on. */
function fileAnswer(files: ReadonlyMap<string, DescribedFile>, file: DescribedFile | undefined): Message {
  if (file === undefined) return notFound;
  const needed = new Set<DescribedFile>();
  const add = (one: DescribedFile): void => {
    if (needed.has(one)) return;
    needed.add(one);
    for (const name of one.dependencies) { const dependency = files.get(name); if (dependency !== undefined) add(dependency); }
  };
  add(file);
  return { file_descriptor_response: { file_descriptor_proto: [...needed].map(({ bytes }) => bytes) } };
}
