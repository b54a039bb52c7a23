import { z } from 'zod';
import { isoTime, jsonObject, name, next, page } from './shared.schema';

const definitionKinds = ['Source', 'Entity', 'FeatureView', 'FeatureService', 'Table', 'Pattern', 'Rule', 'List', 'Model', 'Policy'] as const;
const kind = z.enum(definitionKinds);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex');

const definition = z.looseObject({ kind: z.string(), name: z.string() }).meta({ id: 'Definition', description: 'A document as it was applied, with its version.' });
export const definitionsAnswer = z.object({ set: z.string().nullable().meta({ description: 'SHA-256 of the set in force; null before the first.' }), applied_at: isoTime.nullable(), definitions: z.array(definition) });
export const kindParams = z.object({ kind });
export const definitionParams = z.object({ kind, name });
export const definitionAnswer = definition;

/** `prune`: what is not given goes. Without it what is given replaces or joins what is there. */
export const changeBody = z
  .strictObject({
    definitions: z.array(jsonObject).max(20_000).optional().meta({ description: 'Documents.' }),
    files: z.array(z.strictObject({ path: z.string().min(1).max(1_000), text: z.string() })).max(5_000).optional().meta({ description: 'YAML or JSON as text; findings then name the file and the line.' }),
    prune: z.boolean().default(false).meta({ description: 'True: the given documents are the whole set, and all others go.' }),
    note: z.string().max(2_000).optional(),
    backfill: z.boolean().default(false).meta({ description: 'True, for apply: new and changed views are filled from the log once the set is in force, as by `POST /reprocess`; until then they are WARMING.' }),
    model_files: z.record(z.string().max(1_000), sha256).optional().meta({ description: "SHA-256 of the bytes that a model's `file` stands for, by its path; default: as `PUT /models/files` said last." }),
  })
  .refine(({ definitions, files }) => definitions !== undefined || files !== undefined, { message: 'definitions or files', path: ['definitions'] });

export const planAnswer = z
  .looseObject({
    set: z.string(),
    changes: z.array(z.looseObject({ kind: z.string(), name: z.string(), change: z.enum(['added', 'changed', 'removed', 'described']), from_version: z.number().int().nullable(), to_version: z.number().int().nullable() })),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'DefinitionPlan' });
export const appliedAnswer = planAnswer.extend({ applied_at: isoTime, reprocess: z.string().optional().meta({ description: 'What fills the new and changed views, where that was asked for.' }) }).meta({ id: 'DefinitionsApplied' });
export const proposalSchema = z
  .looseObject({
    id: z.string(), status: z.enum(['open', 'approved', 'rejected']), note: z.string().nullable(), created_at: isoTime, created_by: z.string(), decided_at: isoTime.nullable(), decided_by: z.string().nullable(), reason: z.string().nullable(),
    plan: planAnswer,
  })
  .meta({ id: 'DefinitionsProposal', description: 'A change that counts once somebody else has approved it.' });
export const rollbackBody = z.strictObject({ to: z.string().min(1).max(64).optional().meta({ description: 'A set; default: the one before.' }), note: z.string().max(2_000).optional() });
export const lineageQuery = z.strictObject({ of: z.string().min(3).max(400).optional().meta({ description: 'A node: only what it is made of and what uses it, e.g. `feature:card_velocity.tx_count_1h`.' }) });
export const lineageAnswer = z.object({ nodes: z.array(z.object({ id: z.string(), kind: z.string(), name: z.string() })), edges: z.array(z.object({ from: z.string(), to: z.string() })) }).meta({ id: 'Lineage' });
export const versionsQuery = z.strictObject(page);
export const setVersions = z.object({ versions: z.array(z.looseObject({ set: z.string(), applied_at: isoTime, by: z.string(), note: z.string().nullable() })), next });
export const definitionVersions = z.object({ versions: z.array(z.looseObject({ version: z.number().int(), set: z.string(), applied_at: isoTime, by: z.string() })), next });
