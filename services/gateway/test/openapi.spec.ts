import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpoints } from '../src/endpoints';
import { buildDocument } from '../src/openapi/document';
import { version } from '../src/version';

const snapshotFile = join(__dirname, '..', 'openapi.json');
const document = JSON.parse(JSON.stringify(buildDocument(endpoints, version))) as { paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[]; responses: Record<string, unknown> }>>; components: { schemas: Record<string, unknown> } };

describe('the OpenAPI document', () => {
  it('is the one that is committed; WEIR_UPDATE_SNAPSHOTS=1 writes it anew', () => {
    const text = `${JSON.stringify(document, null, 1)}\n`;
    if (process.env['WEIR_UPDATE_SNAPSHOTS'] === '1') writeFileSync(snapshotFile, text);
    expect(text).toBe(readFileSync(snapshotFile, 'utf8'));
  });

  it('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => String(name));
    expect(references.filter((name) => !(name in document.components.schemas))).toEqual([]);
    expect(JSON.stringify(document)).not.toContain('#/$defs');
  });

  it('names every parameter of every path, and every operation once', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })));
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect({ path, names: operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name) }).toEqual({ path, names: inPath });
    }
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it.each([
    ['/transactions', 'post'], ['/transactions/batch', 'post'], ['/transactions/{transaction_id}', 'get'], ['/decisions/simulate', 'post'], ['/decisions/{id}', 'get'], ['/decisions/{id}/why-not', 'get'], ['/decisions', 'get'],
    ['/features/{entity_type}/{entity_id}', 'get'], ['/features/batch', 'post'], ['/features/join', 'post'], ['/features/realtime', 'post'], ['/features/stats', 'get'], ['/features/stats/{feature}', 'get'], ['/push', 'post'], ['/get-online-features', 'post'], ['/cases', 'get'], ['/cases/{id}/claim', 'post'], ['/cases/{id}/comment', 'post'], ['/cases/{id}/resolve', 'post'], ['/entities/{type}/{id}/timeline', 'get'], ['/entities/{type}/{id}/links', 'get'],
    ['/lists/{name}/entries', 'get'], ['/lists/{name}/entries/{value}', 'put'], ['/definitions/{kind}/{name}', 'put'], ['/definitions/plan', 'post'], ['/definitions/apply', 'post'], ['/definitions/rollback', 'post'], ['/labels', 'post'],
    ['/quarantine', 'get'], ['/quarantine/{id}/resend', 'post'], ['/audit', 'get'], ['/stream', 'get'], ['/healthz', 'get'], ['/readyz', 'get'], ['/metrics', 'get'],
  ])('has %s %s', (path, method) => {
    expect(document.paths[path]).toHaveProperty(method);
  });
});
