import { z } from 'zod';
import { roles } from '../roles';
import { durationMs, id, isoTime, jsonObject, name, next, page, timeMs } from './shared.schema';

export const listParams = z.object({ name });
export const entryParams = z.object({ name, value: id });
export const entriesQuery = z.strictObject(page);
export const listEntry = z.object({ value: z.string(), from: isoTime.nullable(), until: isoTime.nullable(), reason: z.string(), by: z.string() }).meta({ id: 'ListEntry' });
export const listsAnswer = z.object({ lists: z.array(z.object({ name: z.string(), of: z.string(), effect: z.string(), match: z.string(), entries: z.number().int() })), next: z.null() });
export const entriesAnswer = z.object({ entries: z.array(listEntry), next });
export const entryBody = z.strictObject({
  ttl: durationMs.optional().meta({ description: "Default: the list's." }), from: timeMs.nullish(), until: timeMs.nullish(),
  reason: z.string().max(2_000).optional(), by: z.string().max(200).optional().meta({ description: "Default: the name of the key." }),
}).refine(({ ttl, until }) => ttl === undefined || until === undefined, { message: 'ttl or until, not both', path: ['until'] })
  .refine(({ from, until }) => from == null || until == null || from < until, { message: 'a time after `from`', path: ['until'] });

/** Entries of one upload; a longer list comes in several. */
const uploadEntriesMax = 100_000;
const uploadEntry = z.strictObject({ value: id, ttl: durationMs.optional(), from: timeMs.nullish(), until: timeMs.nullish(), reason: z.string().max(2_000).optional(), by: z.string().max(200).optional() })
  .refine(({ ttl, until }) => ttl === undefined || until === undefined, { message: 'ttl or until, not both', path: ['until'] })
  .refine(({ from, until }) => from == null || until == null || from < until, { message: 'a time after `from`', path: ['until'] });
export const uploadBody = z.strictObject({
  entries: z.array(uploadEntry).max(uploadEntriesMax), replace: z.boolean().default(false).meta({ description: 'True: what the list holds besides goes, in the same moment.' }),
});
export const uploadAnswer = z.object({ list: z.string(), uploaded: z.number().int(), entries: z.number().int().meta({ description: 'Values that the list holds now.' }) });

export const tableRow = z.looseObject({}).meta({ id: 'TableRow', description: 'Value by field of the table.' });
export const tablesAnswer = z.object({ tables: z.array(z.object({ name: z.string(), key: z.string(), rows: z.number().int() })), next: z.null() });
export const rowsAnswer = z.object({ rows: z.array(tableRow), next });
export const rowParams = z.object({ name, key: id });
export const rowBody = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export const rowsBody = z.strictObject({ rows: z.array(rowBody).min(1).max(10_000) });
export const changesBody = z.strictObject({
  changes: z.array(z.discriminatedUnion('op', [
    z.strictObject({ op: z.literal('put'), row: rowBody, version: z.number().int().nonnegative() }), z.strictObject({ op: z.literal('remove'), key: id, version: z.number().int().nonnegative() }),
  ])).min(1).max(10_000),
});
export const rowsWritten = z.object({ written: z.number().int() });

export const labelsBody = z.strictObject({
  labels: z.array(z.strictObject({ transaction_id: id, fraud: z.boolean(), by: z.string().max(200).optional(), at: timeMs.optional(), source: z.string().max(200).optional() })).min(1).max(10_000),
});
export const labelsAnswer = z.object({ accepted: z.number().int() });

export const quarantinedSchema = z
  .looseObject({
    id: z.string(), source: z.string(), transaction_id: z.string().nullable(), reason: z.enum(['invalid', 'future', 'late']),
    field: z.string().nullable(), expected: z.string().nullable(), got: z.string().nullable(), received_at: isoTime,
    event: jsonObject.nullable().meta({ description: 'As it was appended, tokens in place; null where it could not be parsed.' }), resent: isoTime.nullable(),
  })
  .meta({ id: 'Quarantined' });
export const quarantineQuery = z.strictObject({ reason: z.enum(['invalid', 'future', 'late']).optional(), from: timeMs.optional(), to: timeMs.optional(), ...page });
export const quarantinePage = z.object({ quarantine: z.array(quarantinedSchema), next });
export const resendBody = jsonObject.meta({ description: 'The corrected event; without a body the event is sent as it was.' });

export const auditQuery = z.strictObject({ by: name.optional(), action: name.optional(), from: timeMs.optional(), to: timeMs.optional(), ...page });
export const auditPage = z.object({ audit: z.array(z.object({ id: z.string(), at: isoTime, by: z.string(), action: z.string(), subject: z.string(), details: jsonObject })), next });

const roleName = z.enum(roles);
const keyInfo = z.object({ id: z.string(), name: z.string(), roles: z.array(roleName), created_at: isoTime, revoked_at: isoTime.nullable() }).meta({ id: 'ApiKey' });
export const keyBody = z.strictObject({ name, roles: z.array(roleName).min(1).max(roles.length) });
export const keysAnswer = z.object({ keys: z.array(keyInfo), next: z.null() });
export const keyMade = keyInfo.extend({ key: z.string().meta({ description: 'Shown once; only its hash is kept.' }) }).meta({ id: 'ApiKeyMade' });
export const whoAnswer = z.object({ name: z.string(), roles: z.array(roleName) });

export const liveAnswer = z.object({ status: z.literal('ok') });
export const readyAnswer = z.object({ status: z.enum(['ok', 'unavailable']), ready: z.array(z.string()), missing: z.array(z.object({ name: z.string(), why: z.string() })) });
