import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { DefinitionsChange, DefinitionsPlan, Proposal } from '../dependencies/definitions';
import { GatewayContext } from '../gateway-context';
import { mediaType, yamlTypes } from '../http/body-parsers';
import { Answers, endpoint, principalOf, textBody } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';
import { describe } from '../http/validation';
import {
  appliedAnswer, changeBody, definitionAnswer, definitionParams, definitionsAnswer, definitionVersions, kindParams, lineageAnswer, lineageQuery, planAnswer, proposalSchema, rollbackBody, setVersions, versionsQuery,
} from '../schemas/definitions.schema';
import { jsonObject, toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Definitions';
const changeTypes = ['application/json', ...yamlTypes];
const proposed = { 202: json('A proposal: where four eyes are asked for, somebody else has to approve it.', proposalSchema) };

export const allDefinitions = endpoint({ method: 'GET', path: '/definitions', tag, role: 'read', alsoFor: ['replay'], summary: 'The set in force', responses: { 200: json('All documents.', definitionsAnswer) } });
export const allVersions = endpoint({ method: 'GET', path: '/definitions/versions', tag, role: 'read', summary: 'Sets that were applied, newest first', query: versionsQuery, responses: { 200: json('A page.', setVersions) } });
export const definitionsOfKind = endpoint({ method: 'GET', path: '/definitions/:kind', tag, role: 'read', summary: 'Definitions of one kind', params: kindParams, responses: { 200: json('The documents.', definitionsAnswer), ...problemResponses(422) } });
export const oneDefinition = endpoint({ method: 'GET', path: '/definitions/:kind/:name', tag, role: 'read', summary: 'One definition', params: definitionParams, responses: { 200: json('The document.', definitionAnswer), ...problemResponses(404, 422) } });
export const versionsOfDefinition = endpoint({
  method: 'GET', path: '/definitions/:kind/:name/versions', tag, role: 'read', summary: 'Versions of one definition, newest first', params: definitionParams, query: versionsQuery,
  responses: { 200: json('A page.', definitionVersions), ...problemResponses(404, 422) },
});
export const putDefinition = endpoint({
  method: 'PUT', path: '/definitions/:kind/:name', tag, role: 'edit', summary: 'Add or change one definition', description: 'Counts from the next decision on.', params: definitionParams,
  body: { schema: jsonObject, types: changeTypes }, responses: { 200: json('What changed.', appliedAnswer), ...proposed, ...problemResponses(400, 413, 415, 422) },
});
export const getLineage = endpoint({
  method: 'GET', path: '/lineage', tag, role: 'read', summary: 'From source fields to features, models, rules and policies', description: 'Nodes are `kind:name`: source, field, entity, table, view, feature, service, model, list, pattern, rule, policy. An edge goes from what is used to what uses it.',
  query: lineageQuery, responses: { 200: json('The graph of the set in force.', lineageAnswer), ...problemResponses(404, 422) },
});
export const planDefinitions = endpoint({
  method: 'POST', path: '/definitions/plan', tag, role: 'read', largeBody: true, summary: 'What a change would do', description: 'YAML is taken as one file.', body: { schema: changeBody, types: changeTypes },
  responses: { 200: json('What would change, what it costs, who depends on it.', planAnswer), ...problemResponses(400, 413, 415, 422) },
});
export const applyDefinitions = endpoint({
  method: 'POST', path: '/definitions/apply', tag, role: 'edit', largeBody: true, summary: 'Change the set, all or nothing', description: 'Counts from the next decision on.', body: { schema: changeBody, types: changeTypes },
  responses: { 200: json('What changed.', appliedAnswer), ...proposed, ...problemResponses(400, 409, 413, 415, 422) },
});
export const rollbackDefinitions = endpoint({
  method: 'POST', path: '/definitions/rollback', tag, role: 'edit', summary: 'Back to an earlier set', body: { schema: rollbackBody, optional: true },
  responses: { 200: json('What changed.', appliedAnswer), ...problemResponses(400, 404, 415, 422) },
});

@Controller(['', 'v1'])
export class DefinitionsController {
  constructor(private readonly gateway: GatewayContext) {}
  private get definitions() { return this.gateway.deps.definitions; }

  @Answers(allDefinitions)
  async all(): Promise<unknown> {
    const { set, appliedAtMs, documents } = await this.definitions.current();
    return { set, applied_at: toIsoOrNull(appliedAtMs), definitions: documents };
  }

  @Answers(allVersions)
  async versions(@Req() request: FastifyRequest): Promise<unknown> {
    const { items, next } = await this.definitions.versions(pageOf(allVersions.query(request)));
    return { versions: items.map(({ appliedAtMs, ...version }) => ({ ...version, applied_at: toIso(appliedAtMs) })), next };
  }

  @Answers(definitionsOfKind)
  async ofKind(@Req() request: FastifyRequest): Promise<unknown> {
    const { kind } = definitionsOfKind.params(request);
    const { set, appliedAtMs, documents } = await this.definitions.current();
    return { set, applied_at: toIsoOrNull(appliedAtMs), definitions: documents.filter((document) => document['kind'] === kind) };
  }

  @Answers(oneDefinition)
  async one(@Req() request: FastifyRequest): Promise<unknown> {
    const { kind, name } = oneDefinition.params(request);
    const { documents } = await this.definitions.current();
    const found = documents.find((document) => document['kind'] === kind && document['name'] === name);
    if (found === undefined) throw problems.notFound(`there is no ${kind} ${name}`);
    return found;
  }

  @Answers(versionsOfDefinition)
  async versionsOf(@Req() request: FastifyRequest): Promise<unknown> {
    const { kind, name } = versionsOfDefinition.params(request);
    const { items, next } = await this.definitions.versionsOf(kind, name, pageOf(versionsOfDefinition.query(request)));
    return { versions: items.map(({ appliedAtMs, ...version }) => ({ ...version, applied_at: toIso(appliedAtMs) })), next };
  }

  @Answers(putDefinition)
  async put(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { kind, name } = putDefinition.params(request);
    const made = { action: 'definition.put', subject: `${kind}/${name}`, note: null, reply };
    if (isYaml(request)) return this.apply(request, { documents: [], files: [{ path: `${kind}/${name}`, text: textBody(request) }], prune: false }, made);
    const document = { kind, name, ...putDefinition.body(request) };
    for (const [field, expected] of [['kind', kind], ['name', name]] as const) {
      if (document[field] !== expected) throw problems.invalid(`${field} contradicts the path`, [{ field, expected, got: describe(document[field]) }]);
    }
    return this.apply(request, { documents: [document], files: [], prune: false }, made);
  }

  @Answers(getLineage)
  lineage(@Req() request: FastifyRequest): Promise<unknown> { return this.definitions.lineage(getLineage.query(request).of); }

  @Answers(planDefinitions)
  async plan(@Req() request: FastifyRequest): Promise<unknown> {
    return planRecord(await this.definitions.plan(changeOf(request, planDefinitions).change));
  }

  @Answers(applyDefinitions)
  applyAll(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<unknown> {
    const { change, note, backfill } = changeOf(request, applyDefinitions);
    return this.apply(request, change, { action: 'definitions.apply', subject: 'set', note, reply, backfill });
  }

  @Answers(rollbackDefinitions)
  async rollback(@Req() request: FastifyRequest): Promise<unknown> {
    const { to, note } = request.body === undefined ? {} : rollbackDefinitions.body(request);
    const by = principalOf(request).name;
    const { appliedAtMs, ...plan } = await this.definitions.rollback(to, { name: by, note: note ?? null });
    await this.gateway.audit(by, 'definitions.rollback', plan.set, { note: note ?? null });
    return { ...planRecord(plan), applied_at: toIso(appliedAtMs) };
  }

  private async apply(request: FastifyRequest, change: DefinitionsChange, made: { readonly action: string; readonly subject: string; readonly note: string | null; readonly reply: FastifyReply; readonly backfill?: boolean }): Promise<unknown> {
    const { action, subject, note } = made;
    if (this.gateway.deps.proposals.required) return this.propose(request, change, made);
    const by = principalOf(request).name;
    const { appliedAtMs, ...plan } = await this.definitions.apply(change, { name: by, note });
    await this.gateway.audit(by, action, subject, { set: plan.set, note, changes: plan.changes.length });
    const views = plan.changes.flatMap(({ kind, name, change: what }) => (kind === 'FeatureView' && (what === 'added' || what === 'changed') ? [name] : []));
    const job = made.backfill === true && views.length > 0 ? await this.gateway.deps.reprocessing.start({ views, fromMs: undefined, toMs: undefined, hold: false, by }) : undefined;
    return { ...planRecord(plan), applied_at: toIso(appliedAtMs), ...(job === undefined ? {} : { reprocess: job.id }) };
  }

  private async propose(request: FastifyRequest, change: DefinitionsChange, { subject, note, reply }: { readonly subject: string; readonly note: string | null; readonly reply: FastifyReply }): Promise<unknown> {
    const { keyId, name } = principalOf(request);
    const proposal = await this.gateway.deps.proposals.propose(change, { keyId, name, note });
    await this.gateway.audit(name, 'definitions.propose', proposal.id, { set: proposal.plan.set, subject, note, changes: proposal.plan.changes.length, key: keyId });
    void reply.code(202).header('location', `/definitions/proposals/${proposal.id}`);
    return proposalRecord(proposal);
  }
}

const isYaml = (request: FastifyRequest): boolean => mediaType(request.headers['content-type']) !== 'application/json';

function changeOf(request: FastifyRequest, handled: typeof planDefinitions): { change: DefinitionsChange; note: string | null; backfill: boolean } {
  if (isYaml(request)) return { change: { documents: [], files: [{ path: 'body', text: textBody(request) }], prune: false }, note: null, backfill: false };
  const { definitions, files, prune, note, model_files, backfill } = handled.body(request);
  return { change: { documents: definitions ?? [], files: files ?? [], prune, ...(model_files === undefined ? {} : { modelFiles: model_files }) }, note: note ?? null, backfill };
}

const pageOf = ({ limit, cursor }: z.output<typeof versionsQuery>) => ({ limit, cursor });

export function planRecord({ set, changes, warnings, details }: DefinitionsPlan): Record<string, unknown> {
  return { ...details, set, warnings, changes: changes.map(({ fromVersion, toVersion, ...change }) => ({ ...change, from_version: fromVersion, to_version: toVersion })) };
}

export function proposalRecord({ plan, createdAtMs, createdBy, decidedAtMs, decidedBy, ...proposal }: Proposal): Record<string, unknown> {
  return { ...proposal, created_at: toIso(createdAtMs), created_by: createdBy, decided_at: toIsoOrNull(decidedAtMs), decided_by: decidedBy, plan: planRecord(plan) };
}
