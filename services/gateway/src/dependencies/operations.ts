import type { Role } from '../roles';
import type { RowAnswer, SubmittedRow } from './edge';
import type { Page, PageRequest } from './page';

export interface Quarantined {
  readonly id: string; readonly source: string; readonly transactionId: string | null; readonly reason: 'invalid' | 'future' | 'late';
  readonly field: string | null; readonly expected: string | null; readonly got: string | null; readonly receivedAtMs: number;
  readonly event: Readonly<Record<string, unknown>> | null; readonly resentAtMs: number | null;
}

export interface Quarantine {
  /** Newest first. */
  list(filter: { readonly reason: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<Quarantined>>;
  byId(id: string): Promise<Quarantined | undefined>;
  /** As a new event, corrected or as it was; undefined: no such record. */
  resend(id: string, corrected: SubmittedRow | undefined): Promise<RowAnswer | undefined>;
}

export interface AuditEntry { readonly atMs: number; readonly by: string; readonly action: string; readonly subject: string; readonly details: Readonly<Record<string, unknown>> }

export interface Audit {
  record(entry: AuditEntry): Promise<void>;
  /** Newest first. */
  list(filter: { readonly by: string | undefined; readonly action: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<AuditEntry & { readonly id: string }>>;
}

/** API keys by the SHA-256 of the key (hex); the key itself is nowhere. */
export interface StoredKey { readonly id: string; readonly name: string; readonly roles: readonly Role[]; readonly hash: string; readonly createdAtMs: number; readonly revokedAtMs: number | null }

export interface Keys {
  findByHash(hash: string): Promise<StoredKey | undefined>;
  all(): Promise<readonly StoredKey[]>;
  add(key: StoredKey): Promise<void>;
  /** False when there is no such key. */
  revoke(id: string, atMs: number): Promise<boolean>;
}
