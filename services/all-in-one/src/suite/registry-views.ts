import type { ApiKey, Registry } from '@weir/ports';
import type { Audit, AuditEntry, Keys, Page, PageRequest, StoredKey } from '@weir/gateway';

/** API keys as the gateway wants them, kept in the registry by hash. */
export class RegistryKeys implements Keys {
  constructor(private readonly registry: Registry) {}
  async findByHash(hash: string): Promise<StoredKey | undefined> {
    const key = await this.registry.keyBySecretHash(hash);
    return key && storedKey(key);
  }
  async all(): Promise<readonly StoredKey[]> { return (await this.registry.keys()).map(storedKey); }
  async add(key: StoredKey): Promise<void> {
    await this.registry.addKey({ id: key.id, name: key.name, secretHash: key.hash, roles: key.roles, createdAtMs: key.createdAtMs, createdBy: 'gateway', revokedAtMs: null });
  }
  revoke(id: string, atMs: number): Promise<boolean> { return this.registry.revokeKey(id, atMs); }
}

const storedKey = (key: ApiKey): StoredKey => ({ id: key.id, name: key.name, roles: key.roles, hash: key.secretHash, createdAtMs: key.createdAtMs, revokedAtMs: key.revokedAtMs });

/** Who changed what, from the registry. */
export class RegistryAudit implements Audit {
  constructor(private readonly registry: Registry) {}
  record(entry: AuditEntry): Promise<void> {
    return this.registry.appendAudit({ atMs: entry.atMs, by: entry.by, action: entry.action, subject: entry.subject, detail: JSON.stringify(entry.details) });
  }
  async list(filter: { readonly by: string | undefined; readonly action: string | undefined; readonly fromMs: number | undefined; readonly toMs: number | undefined }, page: PageRequest): Promise<Page<AuditEntry & { readonly id: string }>> {
    const found = await this.registry.audit({ ...filter, limit: page.limit, cursor: page.cursor });
    return {
      items: found.items.map((entry) => ({ id: String(entry.sequence), atMs: entry.atMs, by: entry.by, action: entry.action, subject: entry.subject, details: parsedObject(entry.detail) })),
      next: found.next,
    };
  }
}

function parsedObject(text: string | null): Readonly<Record<string, unknown>> {
  if (text === null) return {};
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
