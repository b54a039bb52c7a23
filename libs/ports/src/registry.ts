import type { Page, PageRequest } from './page';

/** One version of one definition. Versions of a kind and name count from 1; a change of meaning makes a new one. */
export interface DefinitionVersion {
  readonly kind: string;
  readonly name: string;
  readonly version: number;
  /** SHA-256 (hex) of the canonical JSON of what has meaning. */
  readonly hash: string;
  /** The document as canonical JSON. */
  readonly json: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/** A set that was applied, or could be: every definition by its version. */
export interface DefinitionSetRecord {
  /** SHA-256 (hex) of the canonical JSON. */
  readonly id: string;
  readonly json: string;
  readonly versions: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly version: number }>;
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/** A set coming into force. `sequence` counts from 1. */
export interface AppliedSet {
  readonly sequence: number;
  readonly setId: string;
  readonly appliedAtMs: number;
  readonly appliedBy: string;
  readonly note: string | null;
}

export const roles = ['read', 'decide', 'edit', 'replay', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A key as it is kept: only the SHA-256 (hex) of the secret. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly secretHash: string;
  readonly roles: readonly Role[];
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly revokedAtMs: number | null;
}

export interface AuditEntry {
  readonly atMs: number;
  /** Who: a key's id, `cli`, `system`. */
  readonly by: string;
  /** What, e.g. `definitions.apply`, `list.put`, `key.revoke`. */
  readonly action: string;
  /** Of what, e.g. `Rule/large_amount`. */
  readonly subject: string;
  /** JSON; no secrets, no raw values. */
  readonly detail: string | null;
}
/** A set that somebody proposed and somebody else has to approve. */
export interface SetProposal {
  readonly id: string;
  readonly setId: string;
  /** The set it was proposed against; null where none was in force. */
  readonly baseSetId: string | null;
  /** Canonical JSON of the set proposed. */
  readonly json: string;
  /** JSON; what it would change, as it was shown. */
  readonly plan: string;
  readonly note: string | null;
  readonly createdAtMs: number;
  readonly createdBy: string;
  /** Id of the key that proposed it. */
  readonly createdByKey: string;
  readonly status: ProposalStatus;
  readonly decidedAtMs: number | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
}
export const proposalStatuses = ['open', 'approved', 'rejected'] as const;
export type ProposalStatus = (typeof proposalStatuses)[number];

export interface AuditQuery extends PageRequest { readonly by?: string | undefined; readonly action?: string | undefined; readonly subject?: string | undefined; readonly fromMs?: number | undefined; readonly toMs?: number | undefined }

/** Versions of definitions, sets, keys and who changed what. Everything that changes something is one transaction. */
export abstract class Registry {
  /** Keeps versions and the set; what is known already stays as it is. @throws WeirError WEIR_CONFLICT when a version exists with another hash. */
  abstract saveSet(set: DefinitionSetRecord, versions: readonly DefinitionVersion[]): Promise<void>;
  /** Makes the set the one in force, and gives its place in the history. @throws WeirError WEIR_NOT_FOUND for a set never saved. */
  abstract applySet(setId: string, by: string, atMs: number, note: string | null): Promise<AppliedSet>;
  abstract set(setId: string): Promise<DefinitionSetRecord | undefined>;
  /** The one applied last. */
  abstract currentSet(): Promise<(AppliedSet & { readonly set: DefinitionSetRecord }) | undefined>;
  /** Newest first. */
  abstract appliedSets(page: PageRequest): Promise<Page<AppliedSet>>;
  /** The version asked for, else the newest. */
  abstract definition(kind: string, name: string, version?: number): Promise<DefinitionVersion | undefined>;
  /** Oldest first. */
  abstract versions(kind: string, name: string): Promise<readonly DefinitionVersion[]>;
  /** Newest version of everything, by kind and name. */
  abstract definitions(kind?: string): Promise<readonly DefinitionVersion[]>;

  /** @throws WeirError WEIR_CONFLICT when the id is taken. */
  abstract addKey(key: ApiKey): Promise<void>;
  abstract keyBySecretHash(secretHash: string): Promise<ApiKey | undefined>;
  abstract keys(): Promise<readonly ApiKey[]>;
  /** False when there is no such key, or it was revoked before. */
  abstract revokeKey(id: string, atMs: number): Promise<boolean>;

  /** @throws WeirError WEIR_CONFLICT when the id is taken. */
  abstract addProposal(proposal: SetProposal): Promise<void>;
  abstract proposal(id: string): Promise<SetProposal | undefined>;
  /** Newest first. */
  abstract proposals(query: PageRequest & { readonly status?: ProposalStatus | undefined }): Promise<Page<SetProposal>>;
  /** False when there is no such proposal, or it was decided before. */
  abstract decideProposal(id: string, decision: { readonly status: 'approved' | 'rejected'; readonly by: string; readonly atMs: number; readonly reason: string | null }): Promise<boolean>;

  abstract appendAudit(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  abstract audit(query: AuditQuery): Promise<Page<AuditEntry & { readonly sequence: number }>>;
  abstract close(): Promise<void>;
}
