import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import type { Entities, EntityKey, LinkedEntity, Page, PageRequest, TimelineEntry } from '@weir/gateway';
import type { CaseStore, DecisionRow, DecisionStore } from '@weir/ports';

/** Latest decisions of the entity that links are looked for in. */
const decisionsMax = 200;
/** What they share with others that is looked into: what it used most first. */
const sharedMax = 20;
const decisionsPerSharedMax = 100;
const linksMax = 100;
/** A page of the search may be short; so many are read at most. */
const pagesMax = 10;

export interface EntityViewsOptions {
  readonly decisions: DecisionStore;
  readonly cases: CaseStore;
  readonly set: () => DefinitionSet;
  readonly entityTypeOf: (name: string) => string;
  readonly tokenOfEntity: (type: string, key: string) => string;
}

/** What one entity did, and who shares something with it; all from the stored decisions, within bounds. */
export class EntityViews implements Entities {
  constructor(private readonly options: EntityViewsOptions) {}

  async timeline(type: string, key: string, page: PageRequest): Promise<{ readonly entity: EntityKey; readonly page: Page<TimelineEntry> }> {
    const entity = this.entity(type, key);
    const { decisions, cases } = this.options;
    const found = await decisions.search({ entity: textOf(entity), limit: page.limit, cursor: page.cursor });
    const labels = await cases.labels(found.items.map(({ transactionId }) => transactionId));
    const entries: TimelineEntry[] = found.items.flatMap((row) => {
      const label = labels.get(row.transactionId);
      return label === undefined ? [decisionEntry(row)] : [{ kind: 'label', ...label }, decisionEntry(row)];
    });
    return { entity, page: { items: entries.sort((a, b) => b.atMs - a.atMs), next: found.next } };
  }

  async links(type: string, key: string): Promise<Awaited<ReturnType<Entities['links']>>> {
    const entity = this.entity(type, key);
    const own = textOf(entity);
    const latest = await this.latest(own, decisionsMax);
    const shared = [...seenIn(latest.rows, (text) => text !== own)].map(([text, seen]) => ({ ...entityOf(text), ...seen, hot: this.options.set().entities.get(entityOf(text).type)?.hot ?? false }));
    shared.sort((a, b) => Number(a.hot) - Number(b.hot) || b.transactions - a.transactions || b.lastMs - a.lastMs);
    const looked = shared.filter(({ hot }) => !hot).slice(0, sharedMax);
    const viaByLink = new Map<string, string[]>();
    const strengthByLink = new Map<string, number>();
    const rowsByLink = new Map<string, Map<string, DecisionRow>>();
    let complete = latest.complete && looked.length === shared.filter(({ hot }) => !hot).length;
    for (const one of looked) {
      const through = textOf(one);
      const others = await this.latest(through, decisionsPerSharedMax);
      complete &&= others.complete;
      const met = new Set<string>();
      for (const row of others.rows) for (const text of row.entities) if (text !== own && text.startsWith(`${entity.type}:`)) { met.add(text); note({ viaByLink, rowsByLink }, text, through, row); }
      // A device of two says more than a terminal of fifty.
      for (const text of met) strengthByLink.set(text, (strengthByLink.get(text) ?? 0) + 1 / met.size);
    }
    const links = [...viaByLink].map(([text, via]) => ({ ...entityOf(text), ...seenIn([...(rowsByLink.get(text)?.values() ?? [])], (each) => each === text).get(text) ?? nothingSeen, via }));
    const strength = (link: EntityKey): number => strengthByLink.get(textOf(link)) ?? 0;
    links.sort((a, b) => strength(b) - strength(a) || b.transactions - a.transactions || b.lastMs - a.lastMs);
    return { entity, shared: shared.slice(0, linksMax), links: links.slice(0, linksMax), complete: complete && links.length <= linksMax && shared.length <= linksMax };
  }

  private entity(type: string, key: string): EntityKey {
    const named = this.options.entityTypeOf(type);
    const { entities } = this.options.set();
    if (!entities.has(named)) throw new WeirError('WEIR_NOT_FOUND', `there is no entity type ${type}; there are ${[...entities.keys()].join(', ') || 'none'}`);
    return { type: named, key: this.options.tokenOfEntity(named, key) };
  }

  private async latest(entity: string, rowsMax: number): Promise<{ readonly rows: readonly DecisionRow[]; readonly complete: boolean }> {
    const rows: DecisionRow[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax; page += 1) {
      const found = await this.options.decisions.search({ entity, limit: rowsMax - rows.length, cursor });
      rows.push(...found.items);
      if (found.next === null) return { rows, complete: true };
      if (rows.length >= rowsMax) break;
      cursor = found.next;
    }
    return { rows, complete: false };
  }
}

type Seen = Omit<LinkedEntity, 'type' | 'key'>;
const nothingSeen: Seen = { transactions: 0, refused: 0, firstMs: 0, lastMs: 0 };
const textOf = ({ type, key }: EntityKey): string => `${type}:${key}`;
const entityOf = (text: string): EntityKey => { const colon = text.indexOf(':'); return { type: text.slice(0, colon), key: text.slice(colon + 1) }; };

function seenIn(rows: readonly DecisionRow[], wanted: (entity: string) => boolean): Map<string, Seen> {
  const seenByEntity = new Map<string, Seen>();
  for (const row of rows) {
    for (const text of row.entities) {
      if (!wanted(text)) continue;
      const known = seenByEntity.get(text);
      seenByEntity.set(text, {
        transactions: (known?.transactions ?? 0) + 1, refused: (known?.refused ?? 0) + (row.outcome === 'approve' ? 0 : 1),
        firstMs: Math.min(known?.firstMs ?? Infinity, row.eventTimeMs), lastMs: Math.max(known?.lastMs ?? -Infinity, row.eventTimeMs),
      });
    }
  }
  return seenByEntity;
}

/** A transaction that is reached over two shared things counts once. */
function note(found: { readonly viaByLink: Map<string, string[]>; readonly rowsByLink: Map<string, Map<string, DecisionRow>> }, link: string, through: string, row: DecisionRow): void {
  const via = found.viaByLink.get(link) ?? [];
  if (!via.includes(through)) via.push(through);
  found.viaByLink.set(link, via);
  const rows = found.rowsByLink.get(link) ?? new Map<string, DecisionRow>();
  rows.set(row.id, row);
  found.rowsByLink.set(link, rows);
}

function decisionEntry(row: DecisionRow): TimelineEntry {
  const record: unknown = JSON.parse(row.json);
  const tx = typeof record === 'object' && record !== null && 'tx' in record && typeof record.tx === 'object' && record.tx !== null ? record.tx : {};
  return {
    kind: 'decision', atMs: row.eventTimeMs, id: row.id, transactionId: row.transactionId, outcome: row.outcome, score: row.score, decidedBy: row.decidedBy, alert: row.alert, rules: row.rules, entities: row.entities,
    amount: 'amount' in tx && typeof tx.amount === 'number' ? tx.amount : null,
  };
}
