import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Files served from memory: they are few, known at the start, and no path of a request ever reaches the disk. */
interface StaticFile { readonly path: string; readonly body: Buffer; readonly type: string; readonly etag: string; readonly forever: boolean; gzipped: Buffer | undefined }

/** Nothing but its own files, its own styles, its own server. */
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const typeByExtension: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png', '.ico': 'image/x-icon', '.json': 'application/json', '.txt': 'text/plain; charset=utf-8', '.woff2': 'font/woff2',
};

/** Lays out a route per file below `folder`; `index.html` also answers `/`. Gives how many files there are: 0 where the folder is absent. */
export function serveConsole(instance: FastifyInstance, folder: string): number {
  const root = resolve(folder);
  if (!existsSync(root)) return 0;
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  for (const name of names) {
    const file = loadFile(name.replaceAll('\\', '/'), readFileSync(join(root, name)), name.includes('assets'));
    serve(instance, file);
    if (file.path === '/index.html') serve(instance, { ...file, path: '/' });
  }
  return names.length;
}

/** The assets of the page of documentation. */
export function serveDocsAssets(instance: FastifyInstance, startScript: string): void {
  const folder = join(require.resolve('swagger-ui-dist/package.json'), '..');
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) serve(instance, loadFile(`/docs/${name}`, readFileSync(join(folder, name)), false));
  serve(instance, loadFile('/docs/start.js', Buffer.from(startScript), false));
}

function loadFile(path: string, body: Buffer, forever: boolean): StaticFile {
  return { path, body, type: typeByExtension[extname(path)] ?? 'application/octet-stream', etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`, forever, gzipped: undefined };
}

function serve(instance: FastifyInstance, file: StaticFile): void {
  instance.get(file.path, (request, reply) => answer(file, request, reply));
}

function answer(file: StaticFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ etag: file.etag, vary: 'accept-encoding', 'cache-control': file.forever ? 'public, max-age=31536000, immutable' : 'no-cache' });
  if (file.type.startsWith('text/html')) void reply.header('content-security-policy', consolePolicy);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  void reply.type(file.type);
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(file.body);
  file.gzipped ??= gzipSync(file.body);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}
