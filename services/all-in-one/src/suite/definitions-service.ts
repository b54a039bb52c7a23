import { WeirError, type Backfill } from '@weir/contracts';
import {
  canonicalDocument, definitionKey, definitionsOf, documentsFromJson, emptySet, meaningId, parseDocuments, planSet, resolveCanonicalSet, resolveSet,
  downstream, lineage, upstream, type Lineage, type DefinitionSet, type KnownVersion, type SetCheck, type SetPlan, type SourceDocument,
} from '@weir/definitions';
import type { Definitions, DefinitionsChange, DefinitionsPlan, Page, PageRequest } from '@weir/gateway';
import { encodeRawBody } from '@weir/pipeline';
import type { Clock, EventLog, Registry } from '@weir/ports';
import { appendToEveryLane } from './lane-changes';

export interface DefinitionsServiceOptions {
  readonly registry: Registry;
  readonly log: EventLog;
  readonly clock: Clock;
  /** Checks above the documents: patterns compile, models load and fit. All findings are reported together. */
  readonly checks: readonly SetCheck[];
  /** SHA-256 of the bytes that a model's path stands for, where they were given. */
  readonly modelHash: (path: string) => string | undefined;
  /** A last look that may take time, e.g. loading models. @throws WeirError. */
  readonly approve: (set: DefinitionSet) => Promise<void>;
  /** Resolves when every lane has passed the record at its offset. */
  readonly reached: (offsetByLane: readonly number[]) => Promise<void>;
  /** Told of a set that has come into force. */
  readonly inForce?: (set: DefinitionSet) => void;
}

/** Plans, applies and rolls back sets: registry first, then a record in every lane; nothing half-applied. One change at a time. */
export class DefinitionsService implements Definitions {
  private inForce: DefinitionSet | undefined;
  private appliedAtMs: number | null = null;
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: DefinitionsServiceOptions) {}

  /** Takes up what the registry says is in force; the lanes are told again where they may have missed it. */
  async restore(): Promise<void> {
    const current = await this.options.registry.currentSet();
    if (current === undefined) return;
    this.inForce = resolveCanonicalSet(current.set.json);
    this.appliedAtMs = current.appliedAtMs;
  }

  /** Takes over what another gateway applied. */
  async refresh(): Promise<void> {
    const current = await this.options.registry.currentSet();
    if (current === undefined || current.setId === this.inForce?.id) return;
    await this.inTurn(() => this.restore());
  }

  /** The set the edge goes by; an empty one before the first is applied. */
  get set(): DefinitionSet { return this.inForce ?? nothing; }
  get applied(): boolean { return this.inForce !== undefined; }

  /**
   * After a start, when every lane is through: what a lane holds is what was applied, for the log decides. A change that was cut off between
   * the lanes and the registry is finished here, and a registry that was taken back to before a change has it again. `sets`: in force in each lane.
   */
  async reconcile(sets: ReadonlyArray<{ readonly id: string; readonly json: string } | undefined>): Promise<void> {
    const { registry, log, clock } = this.options;
    const newer = sets.find((set) => set !== undefined && set.id !== this.inForce?.id);
    if (newer !== undefined) {
      const set = resolveCanonicalSet(newer.json), atMs = clock.nowMs();
      await registry.saveSet(setRecord(set, 'system', atMs), versionsIn(set, 'system', atMs));
      await registry.applySet(set.id, 'system', atMs, 'as the lanes have it');
      this.inForce = set;
      this.appliedAtMs = atMs;
    }
    if (this.inForce === undefined) return;
    const record = encodeRawBody({ kind: 'definitions', setId: this.set.id, json: this.set.canonicalJson }, this.set.id);
    for (let lane = 0; lane < log.lanes; lane += 1) if (sets[lane]?.id !== this.set.id) await log.append('transactions.raw', lane, [record]);
  }

  current(): Promise<{ readonly set: string | null; readonly appliedAtMs: number | null; readonly documents: ReadonlyArray<Readonly<Record<string, unknown>>> }> {
    const documents = this.inForce === undefined ? [] : definitionsOf(this.inForce).map((definition) => ({ ...canonicalDocument(definition), version: definition.version }));
    return Promise.resolve({ set: this.inForce?.id ?? null, appliedAtMs: this.appliedAtMs, documents });
  }

  /** @throws WeirError WEIR_NOT_FOUND for a node that is not in the set in force. */
  lineage(of: string | undefined): Promise<Lineage> {
    const graph = lineage(this.set);
    if (of === undefined) return Promise.resolve(graph);
    if (!graph.nodes.some(({ id }) => id === of)) return Promise.reject(new WeirError('WEIR_NOT_FOUND', `there is no ${of} in the set in force`));
    const near = new Set([of, ...upstream(graph, of), ...downstream(graph, of)]);
    return Promise.resolve({ nodes: graph.nodes.filter(({ id }) => near.has(id)), edges: graph.edges.filter(({ from, to }) => near.has(from) && near.has(to)) });
  }

  async plan(change: DefinitionsChange): Promise<DefinitionsPlan> { return shownPlan(this.planned(await this.resolved(change))); }

  apply(change: DefinitionsChange, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }> {
    return this.inTurn(async () => this.bring(await this.resolved(change), by));
  }

  /** The set a change would give, checked as far as applying would, and what it would be put over. */
  async prepare(change: DefinitionsChange): Promise<{ readonly set: DefinitionSet; readonly plan: DefinitionsPlan; readonly baseSetId: string | null }> {
    const set = await this.resolved(change);
    await this.options.approve(set);
    return { set, plan: shownPlan(this.planned(set)), baseSetId: this.inForce?.id ?? null };
  }

  /** @throws WeirError WEIR_CONFLICT when another set has come into force since it was prepared. */
  applyPrepared(prepared: { readonly json: string; readonly setId: string; readonly baseSetId: string | null }, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }> {
    return this.inTurn(async () => {
      const inForce = this.inForce?.id ?? null;
      if (inForce !== prepared.baseSetId && inForce !== prepared.setId) throw new WeirError('WEIR_CONFLICT', 'the set in force is not the one this was proposed against: propose it again');
      return this.bring(resolveCanonicalSet(prepared.json), by);
    });
  }

  rollback(toSet: string | undefined, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }> {
    return this.inTurn(async () => {
      const target = toSet ?? (await this.formerSet());
      const known = await this.options.registry.set(target);
      if (known === undefined) throw new WeirError('WEIR_NOT_FOUND', `no set ${target} is known`);
      return this.bring(resolveCanonicalSet(known.json), { name: by.name, note: by.note ?? `rolled back to ${target.slice(0, 12)}` });
    });
  }

  /** Brings states that were built beside the lanes into force, with the set in force. @throws what `isStill` throws when it is not the set they were built for. */
  switchViews(byLane: ReadonlyArray<Backfill | undefined>, isStill: (set: DefinitionSet) => void): Promise<void> {
    return this.inTurn(async () => {
      isStill(this.set);
      const { id: setId, canonicalJson: json } = this.set;
      await this.options.reached(await Promise.all(byLane.map(async (backfill, lane) => (backfill === undefined ? -1 : (await this.options.log.append('transactions.raw', lane, [encodeRawBody({ kind: 'definitions', setId, json, backfill }, setId)])).firstOffset))));
    });
  }

  private async formerSet(): Promise<string> {
    let cursor: string | undefined;
    for (;;) {
      const page = await this.options.registry.appliedSets({ limit: 100, cursor });
      const former = page.items.find((applied) => applied.setId !== this.inForce?.id);
      if (former !== undefined) return former.setId;
      if (page.next === null) throw new WeirError('WEIR_CONFLICT', 'there is no former set to go back to');
      cursor = page.next;
    }
  }

  async versions(page: PageRequest): Promise<Page<{ readonly set: string; readonly appliedAtMs: number; readonly by: string; readonly note: string | null }>> {
    const { items, next } = await this.options.registry.appliedSets(page);
    return { items: items.map((each) => ({ set: each.setId, appliedAtMs: each.appliedAtMs, by: each.appliedBy, note: each.note })), next };
  }

  async versionsOf(kind: string, name: string, page: PageRequest): Promise<Page<{ readonly version: number; readonly set: string; readonly appliedAtMs: number; readonly by: string }>> {
    const all = [...(await this.options.registry.versions(kind, name))].reverse();
    if (all.length === 0) throw new WeirError('WEIR_NOT_FOUND', `there is no ${kind} ${name}`);
    const from = page.cursor === undefined ? 0 : Number(page.cursor);
    const items = all.slice(from, from + page.limit).map((each) => ({ version: each.version, set: each.hash, appliedAtMs: each.createdAtMs, by: each.createdBy }));
    return { items, next: from + page.limit < all.length ? String(from + page.limit) : null };
  }

  /** The whole set that a change would give; every finding of it at once. */
  async resolved(change: DefinitionsChange): Promise<DefinitionSet> {
    const given = [...parseDocuments(change.files.map((file) => ({ file: file.path, text: file.text }))), ...documentsFromJson(change.documents)].map((document) => this.withModelHash(document, change.modelFiles ?? {}));
    const documents = change.prune || this.inForce === undefined ? given : [...this.kept(given), ...given];
    return resolveSet(documents, this.inForce, { checks: this.options.checks, history: await this.history() });
  }

  /** A model stands for the bytes of its file, so their hash is part of its meaning. */
  private withModelHash(document: SourceDocument, given: Readonly<Record<string, string>>): SourceDocument {
    const { value } = document;
    if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Model' || !('file' in value) || typeof value.file !== 'string' || 'sha256' in value) return document;
    const sha256 = (Object.hasOwn(given, value.file) ? given[value.file] : undefined) ?? this.options.modelHash(value.file);
    return sha256 === undefined ? document : { ...document, value: { ...value, sha256 } };
  }

  /** What is in force and not given anew. */
  private kept(given: readonly SourceDocument[]): SourceDocument[] {
    const replaced = new Set(given.map(({ value }) => keyOf(value)));
    const kept = this.inForce === undefined ? [] : definitionsOf(this.inForce).filter((definition) => !replaced.has(definitionKey(definition)));
    return documentsFromJson(kept.map((definition) => canonicalDocument(definition)), 'in force');
  }

  private async history(): Promise<ReadonlyMap<string, readonly KnownVersion[]>> {
    const history = new Map<string, readonly KnownVersion[]>();
    for (const newest of await this.options.registry.definitions()) {
      const versions = await this.options.registry.versions(newest.kind, newest.name);
      history.set(`${newest.kind}/${newest.name}`, versions.map((each) => ({ version: each.version, meaningId: each.hash })));
    }
    return history;
  }

  private planned(next: DefinitionSet): SetPlan { return planSet(this.inForce, next, { lanes: this.options.log.lanes }); }

  private async bring(next: DefinitionSet, by: { readonly name: string; readonly note: string | null }): Promise<DefinitionsPlan & { readonly appliedAtMs: number }> {
    const { registry, log, clock } = this.options;
    await this.options.approve(next);
    const plan = this.planned(next);
    const atMs = clock.nowMs();
    if (next.id !== this.inForce?.id) {
      await registry.saveSet(setRecord(next, by.name, atMs), versionsIn(next, by.name, atMs));
      const offsets = await appendToEveryLane(log, { kind: 'definitions', setId: next.id, json: next.canonicalJson }, next.id);
      await registry.applySet(next.id, by.name, atMs, by.note);
      await this.options.reached(offsets);
      this.inForce = next;
      this.appliedAtMs = atMs;
      this.options.inForce?.(next);
    }
    return { ...shownPlan(plan), appliedAtMs: this.appliedAtMs ?? atMs };
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.changing.then(work, work);
    this.changing = turn.catch(() => undefined);
    return turn;
  }
}

const nothing = emptySet();

const keyOf = (value: unknown): string => (typeof value === 'object' && value !== null && 'kind' in value && 'name' in value ? `${String(value.kind)}/${String(value.name)}` : '');

const setRecord = (set: DefinitionSet, by: string, atMs: number) => ({
  id: set.id, json: set.canonicalJson, createdAtMs: atMs, createdBy: by,
  versions: definitionsOf(set).map((definition) => ({ kind: definition.kind, name: definition.name, version: definition.version })),
});

const versionsIn = (set: DefinitionSet, by: string, atMs: number) => definitionsOf(set).map((definition) => ({
  kind: definition.kind, name: definition.name, version: definition.version, hash: meaningId(definition), json: JSON.stringify(canonicalDocument(definition)), createdAtMs: atMs, createdBy: by,
}));

function shownPlan(plan: SetPlan): DefinitionsPlan {
  const changes = [
    ...plan.added.map((each) => ({ ...each, change: 'added' as const })), ...plan.changed.map((each) => ({ ...each, change: 'changed' as const })),
    ...plan.removed.map((each) => ({ ...each, change: 'removed' as const })), ...plan.documented.map((each) => ({ ...each, change: 'described' as const })),
  ].map((each) => ({ kind: each.kind, name: each.name, change: each.change, fromVersion: each.from, toVersion: each.to }));
  return { set: plan.toSet, changes, warnings: plan.warnings.map((warning) => `${warning.kind} ${warning.name}: ${warning.text}`), details: { dependants: plan.dependants, cost: plan.cost } };
}
