import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { endpointOf } from './endpoint';
import { problems } from './problem';

const jsonType = 'application/json';
export const ndjsonTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'] as const;
export const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml'] as const;
export const binaryType = 'application/octet-stream';

/**
 * Bodies arrive as text, whole and within their limit; whoever needs it parsed parses it. An event that needs no token goes into the log as
 * the text it came as.
 */
export function addBodyParsers(instance: FastifyInstance): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser<Buffer>([jsonType, ...ndjsonTypes, ...yamlTypes], { parseAs: 'buffer' }, (request, body, done) => {
    const accepted = acceptedTypes(request);
    const type = mediaType(request.headers['content-type']);
    if (!accepted.includes(type)) return done(problems.mediaType(accepted, type));
    if (!isUtf8(body)) return done(problems.notParsable('the body is not UTF-8'));
    done(null, body.toString('utf8'));
  });
  instance.addContentTypeParser<Buffer>(binaryType, { parseAs: 'buffer' }, (request, body, done) => {
    const accepted = acceptedTypes(request);
    if (!accepted.includes(binaryType)) return done(problems.mediaType(accepted, binaryType));
    done(null, body);
  });
}

/** Content types that the request's route takes. */
export const acceptedTypes = (request: FastifyRequest): readonly string[] => endpointOf(request)?.spec.body?.types ?? [jsonType];

/** The part of a Content-Type before its parameters. */
export function mediaType(header: string | undefined): string {
  const end = header?.indexOf(';') ?? -1;
  return (end < 0 ? (header ?? '') : (header ?? '').slice(0, end)).trim().toLowerCase();
}
