import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { ListEntry } from '../dependencies/lists';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, noContent, problemResponses } from '../http/responses';
import { entriesAnswer, entriesQuery, entryBody, entryParams, listEntry, listParams, listsAnswer, uploadAnswer, uploadBody } from '../schemas/operations.schema';
import { toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Lists';

export const allLists = endpoint({ method: 'GET', path: '/lists', tag, role: 'read', summary: 'The lists', responses: { 200: json('By name.', listsAnswer) } });
export const listEntries = endpoint({
  method: 'GET', path: '/lists/:name/entries', tag, role: 'read', summary: 'Entries of a list', params: listParams, query: entriesQuery,
  responses: { 200: json('A page, by value.', entriesAnswer), ...problemResponses(404, 422) },
});
export const oneEntry = endpoint({ method: 'GET', path: '/lists/:name/entries/:value', tag, role: 'read', summary: 'One entry', params: entryParams, responses: { 200: json('The entry.', listEntry), ...problemResponses(404) } });
export const putEntry = endpoint({
  method: 'PUT', path: '/lists/:name/entries/:value', tag, role: 'edit', summary: 'Add or change an entry', description: 'Counts for the next decision. A value of a tokenised field is kept as its token.',
  params: entryParams, body: { schema: entryBody, optional: true }, responses: { 200: json('The entry as it now is.', listEntry), ...problemResponses(400, 404, 415, 422) },
});
export const putEntries = endpoint({
  method: 'PUT', path: '/lists/:name/entries', tag, role: 'edit', largeBody: true, summary: 'Add, change or replace many entries', params: listParams, body: { schema: uploadBody },
  description: 'All or none of them: one record in every lane, between two events. It answers when every lane has passed it, so they count for the next decision. A value that is given twice holds for both its times.',
  responses: { 200: json('They are in force.', uploadAnswer), ...problemResponses(400, 404, 413, 415, 422) },
});
export const clearEntries = endpoint({
  method: 'DELETE', path: '/lists/:name/entries', tag, role: 'edit', summary: 'Empty a list', description: 'Counts for the next decision.', params: listParams, responses: { 204: noContent, ...problemResponses(404) },
});
export const removeEntry = endpoint({
  method: 'DELETE', path: '/lists/:name/entries/:value', tag, role: 'edit', summary: 'Remove an entry', description: 'Counts for the next decision.', params: entryParams,
  responses: { 204: noContent, ...problemResponses(404) },
});

@Controller(['', 'v1'])
export class ListsController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(allLists)
  async all(): Promise<unknown> {
    return { lists: await this.gateway.deps.lists.all(), next: null };
  }

  @Answers(listEntries)
  async entries(@Req() request: FastifyRequest): Promise<unknown> {
    const { limit, cursor } = listEntries.query(request);
    const { items, next } = await this.gateway.deps.lists.entries(listEntries.params(request).name, { limit, cursor });
    return { entries: items.map(entryRecord), next };
  }

  @Answers(putEntries)
  async upload(@Req() request: FastifyRequest): Promise<unknown> {
    const { name } = putEntries.params(request), { entries, replace } = putEntries.body(request);
    const by = principalOf(request).name, nowMs = this.gateway.deps.clock.nowMs();
    const held = await this.gateway.deps.lists.putAll(name, entries.map(({ value, ttl, from, until, reason, by: named }) => ({
      value, fromMs: from ?? null, untilMs: ttl === undefined ? until : (from ?? nowMs) + ttl, reason: reason ?? '', by: named ?? by,
    })), { replace, by });
    await this.gateway.audit(by, 'list.upload', name, { entries: entries.length, replace });
    return { list: name, uploaded: entries.length, entries: held };
  }

  @Answers(clearEntries)
  async clear(@Req() request: FastifyRequest): Promise<void> {
    const { name } = clearEntries.params(request), by = principalOf(request).name;
    await this.gateway.deps.lists.putAll(name, [], { replace: true, by });
    await this.gateway.audit(by, 'list.clear', name, {});
  }

  @Answers(oneEntry)
  async entry(@Req() request: FastifyRequest): Promise<unknown> {
    const { name, value } = oneEntry.params(request);
    const found = await this.gateway.deps.lists.entry(name, value);
    if (found === undefined) throw problems.notFound('the list has no such entry');
    return entryRecord(found);
  }

  @Answers(putEntry)
  async put(@Req() request: FastifyRequest): Promise<unknown> {
    const { name, value } = putEntry.params(request);
    const { ttl, from, until, reason, by } = request.body === undefined ? entryBody.parse({}) : putEntry.body(request);
    const principal = principalOf(request);
    const untilMs = ttl === undefined ? until : (from ?? this.gateway.deps.clock.nowMs()) + ttl;
    const entry = await this.gateway.deps.lists.put(name, value, { fromMs: from ?? null, untilMs, reason: reason ?? '', by: by ?? principal.name });
    await this.gateway.audit(principal.name, 'list.put', name, { value: entry.value, until: toIsoOrNull(entry.untilMs), reason: entry.reason });
    return entryRecord(entry);
  }

  @Answers(removeEntry)
  async remove(@Req() request: FastifyRequest): Promise<void> {
    const { name, value } = removeEntry.params(request);
    const principal = principalOf(request);
    const { lists } = this.gateway.deps;
    const before = await lists.entry(name, value);
    if (!(await lists.remove(name, value, principal.name))) throw problems.notFound('the list has no such entry');
    await this.gateway.audit(principal.name, 'list.remove', name, { value: before?.value ?? null });
  }
}

const entryRecord = ({ value, fromMs, untilMs, reason, by }: ListEntry): unknown => ({ value, from: toIsoOrNull(fromMs), until: toIsoOrNull(untilMs), reason, by });
