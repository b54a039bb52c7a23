import type { Page, PageRequest } from './page';

export interface DefinitionsChange {
  readonly documents: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** YAML or JSON as text, with the names that findings shall use. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly text: string }>;
  /** True: these are the whole set. */
  readonly prune: boolean;
  /** SHA-256 of the bytes that a model's `file` stands for, by its path; undefined: as the file was given last. */
  readonly modelFiles?: Readonly<Record<string, string>>;
}

export interface DefinitionsPlan {
  readonly set: string;
  readonly changes: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly change: 'added' | 'changed' | 'removed' | 'described'; readonly fromVersion: number | null; readonly toVersion: number | null }>;
  readonly warnings: readonly string[];
  /** What else the plan knows (cost, dependants); shown as it is. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Definitions {
  /** Documents as applied, with `kind`, `name` and `version`. */
  current(): Promise<{ readonly set: string | null; readonly appliedAtMs: number | null; readonly documents: ReadonlyArray<Readonly<Record<string, unknown>>> }>;
  plan(change: DefinitionsChange): Promise<DefinitionsPlan>;
  /** From what is used to what uses it, of the set in force; `of`: only what a node is made of and what uses it. */
  lineage(of: string | undefined): Promise<{ readonly nodes: ReadonlyArray<{ readonly id: string; readonly kind: string; readonly name: string }>; readonly edges: ReadonlyArray<{ readonly from: string; readonly to: string }> }>;
  /** Resolves when the change is in the lanes, so that it holds for the next event. */
  apply(change: DefinitionsChange, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  rollback(toSet: string | undefined, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  versions(page: PageRequest): Promise<Page<{ readonly set: string; readonly appliedAtMs: number; readonly by: string; readonly note: string | null }>>;
  versionsOf(kind: string, name: string, page: PageRequest): Promise<Page<{ readonly version: number; readonly set: string; readonly appliedAtMs: number; readonly by: string }>>;
}

/** Who proposes and who decides is told apart by the id of the key. */
export interface Proposer { readonly keyId: string; readonly name: string }

export interface Proposal {
  readonly id: string; readonly status: 'open' | 'approved' | 'rejected'; readonly note: string | null; readonly createdAtMs: number; readonly createdBy: string;
  readonly decidedAtMs: number | null; readonly decidedBy: string | null; readonly reason: string | null;
  readonly plan: DefinitionsPlan;
}

export interface Proposals {
  /** True: changes are proposed, and somebody else approves them. */
  readonly required: boolean;
  propose(change: DefinitionsChange, by: Proposer & { readonly note: string | null }): Promise<Proposal>;
  /** Newest first. */
  list(status: Proposal['status'] | undefined, page: PageRequest): Promise<Page<Proposal>>;
  byId(id: string): Promise<Proposal | undefined>;
  /** WEIR_CONFLICT by the one who proposed it, when it was decided before, or when the set has changed since. */
  approve(id: string, by: Proposer): Promise<DefinitionsPlan & { readonly appliedAtMs: number }>;
  reject(id: string, by: Proposer, reason: string | null): Promise<Proposal>;
}
