import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, noContent, problemResponses } from '../http/responses';
import { describe } from '../http/validation';
import { changesBody, entriesQuery, listParams, rowBody, rowParams, rowsAnswer, rowsBody, rowsWritten, tableRow, tablesAnswer } from '../schemas/operations.schema';

const tag = 'Tables';

export const allTables = endpoint({ method: 'GET', path: '/tables', tag, role: 'read', summary: 'The tables', responses: { 200: json('By name.', tablesAnswer) } });
export const tableRows = endpoint({
  method: 'GET', path: '/tables/:name/rows', tag, role: 'read', summary: 'Rows of a table', params: listParams, query: entriesQuery, responses: { 200: json('A page, by key.', rowsAnswer), ...problemResponses(404, 422) },
});
export const oneRow = endpoint({ method: 'GET', path: '/tables/:name/rows/:key', tag, role: 'read', summary: 'One row', params: rowParams, responses: { 200: json('The row.', tableRow), ...problemResponses(404) } });
export const putRows = endpoint({
  method: 'PUT', path: '/tables/:name/rows', tag, role: 'edit', largeBody: true, summary: 'Add or replace rows', description: 'Counts for the next decision.', params: listParams, body: { schema: rowsBody },
  responses: { 200: json('How many.', rowsWritten), ...problemResponses(400, 404, 413, 415, 422) },
});
export const changeRows = endpoint({
  method: 'POST', path: '/tables/:name/changes', tag, role: 'edit', largeBody: true, summary: 'Changes of rows by their source', description: 'In their order, with the place of each in the source\'s own log: one that is older than what is there does nothing, so they may come twice and out of order. Counts for the next decision.',
  params: listParams, body: { schema: changesBody }, responses: { 200: json('How many.', rowsWritten), ...problemResponses(400, 404, 413, 415, 422) },
});
export const putRow = endpoint({
  method: 'PUT', path: '/tables/:name/rows/:key', tag, role: 'edit', summary: 'Add or replace one row', params: rowParams, body: { schema: rowBody },
  responses: { 200: json('The row.', tableRow), ...problemResponses(400, 404, 415, 422) },
});
export const removeRow = endpoint({ method: 'DELETE', path: '/tables/:name/rows/:key', tag, role: 'edit', summary: 'Remove a row', params: rowParams, responses: { 204: noContent, ...problemResponses(404) } });

@Controller(['', 'v1'])
export class TablesController {
  constructor(private readonly gateway: GatewayContext) {}
  private get tables() { return this.gateway.deps.tables; }

  @Answers(allTables)
  async all(): Promise<unknown> {
    return { tables: await this.tables.all(), next: null };
  }

  @Answers(tableRows)
  async rows(@Req() request: FastifyRequest): Promise<unknown> {
    const { limit, cursor } = tableRows.query(request);
    const { items, next } = await this.tables.rows(tableRows.params(request).name, { limit, cursor });
    return { rows: items, next };
  }

  @Answers(oneRow)
  async row(@Req() request: FastifyRequest): Promise<unknown> {
    const { name, key } = oneRow.params(request);
    const found = await this.tables.row(name, key);
    if (found === undefined) throw problems.notFound('the table has no such row');
    return found;
  }

  @Answers(putRows)
  async putAll(@Req() request: FastifyRequest): Promise<unknown> {
    const { name } = putRows.params(request);
    const { rows } = putRows.body(request);
    const by = principalOf(request).name;
    await this.tables.put(name, rows, by);
    await this.gateway.audit(by, 'table.put', name, { rows: rows.length });
    return { written: rows.length };
  }

  @Answers(changeRows)
  async change(@Req() request: FastifyRequest): Promise<unknown> {
    const { name } = changeRows.params(request), { changes } = changeRows.body(request);
    await this.tables.change(name, changes);
    await this.gateway.audit(principalOf(request).name, 'table.change', name, { changes: changes.length });
    return { written: changes.length };
  }

  @Answers(putRow)
  async put(@Req() request: FastifyRequest): Promise<unknown> {
    const { name, key } = putRow.params(request);
    const table = (await this.tables.all()).find((one) => one.name === name);
    if (table === undefined) throw problems.notFound('there is no such table');
    const given = putRow.body(request);
    const row = { ...given, [table.key]: given[table.key] ?? key };
    if (String(row[table.key]) !== key) throw problems.invalid('the key contradicts the path', [{ field: table.key, expected: key, got: describe(row[table.key]) }]);
    const by = principalOf(request).name;
    await this.tables.put(name, [row], by);
    await this.gateway.audit(by, 'table.put', name, { rows: 1 });
    return row;
  }

  @Answers(removeRow)
  async remove(@Req() request: FastifyRequest): Promise<void> {
    const { name, key } = removeRow.params(request);
    const by = principalOf(request).name;
    if (!(await this.tables.remove(name, key, by))) throw problems.notFound('the table has no such row');
    await this.gateway.audit(by, 'table.remove', name, { rows: 1 });
  }
}
