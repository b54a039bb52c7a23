import { WeirError } from '@weir/contracts';
import { canonicalDocument, definitionKey, definitionsOf, meaningId } from './canonical-document';
import type { Definition } from './canonical-document';
import { canonicalJson, sha256Hex } from './canonical-json';
import { checkSteps } from './check-pattern';
import { ReferenceChecks, decidedSource, oneOf, spreadService } from './check-references';
import type { Action, DefinitionSet, FeatureView, Source } from './definition-set';
import type { Kind } from './document-schema';
import { documentsFromJson, documentsMax } from './documents';
import type { Path, SourceDocument } from './documents';
import { Findings } from './findings';
import { layoutOf, viewsOfSource } from './layout';
import { readDocuments } from './read-documents';
import type { ReadByKind, ReadDocument } from './read-documents';
import type { Report } from './report';
import { resolveEntity, resolveList, resolveModel, resolvePattern, resolvePolicy, resolveRule, resolveService, resolveTable } from './resolve-other';
import { labelsSource, labelsSourceName, resolveSource } from './resolve-source';
import { resolveView } from './resolve-view';
import { slidingReachMs } from './resolve-window';
import { settleTypes } from './settle-types';

/** One version of a definition that the registry knows. */
export interface KnownVersion { readonly version: number; /** `meaningId` of it. */ readonly meaningId: string }

/** A check that lives above this library, e.g. compiling patterns; what it finds is reported with all other findings. */
export type SetCheck = (set: DefinitionSet) => readonly { readonly kind: Kind; readonly name: string; readonly path: Path; readonly expected: string; readonly got: string }[];

export interface ResolveOptions {
  /** Every version there ever was, by `Kind/name`: a meaning that was there before gets its old number again, a new one the next. */
  readonly history?: ReadonlyMap<string, readonly KnownVersion[]>;
  /** Versions as recorded, by `Kind/name`; they are taken as they are. */
  readonly versions?: ReadonlyMap<string, number>;
  readonly checks?: readonly SetCheck[];
}

type Draft = { -readonly [K in keyof Omit<DefinitionSet, 'id' | 'canonicalJson'>]: DefinitionSet[K] };

/**
 * Validates documents as one whole and resolves them. The order of documents and files means nothing. A definition's version is that of
 * `previous` while it means the same (description, owner and tags apart), else the next; 1 when it is new.
 * @throws WeirError WEIR_DEFINITION_INVALID with all findings.
 */
export function resolveSet(documents: readonly SourceDocument[], previous?: DefinitionSet, options: ResolveOptions = {}): DefinitionSet {
  const findings = new Findings();
  if (documents.length > documentsMax) throw new WeirError('WEIR_LIMIT_REACHED', `at most ${documentsMax} definitions in a set, got ${documents.length}`);
  const read = readDocuments(documents, findings);
  const draft = resolveDraft(read, findings);
  findings.throwIfAny();
  assignVersions(draft, previous, options);
  const json = setJson(draft);
  const set: DefinitionSet = { ...draft, id: sha256Hex(json), canonicalJson: json };
  runChecks(set, read, options.checks ?? [], findings);
  return set;
}

/** Sets kept by the memo: those in force in a few lanes, and the one that comes. */
const setsMemoMax = 16;
const setByJsonId = new Map<string, DefinitionSet>();

/**
 * The set of a record in the lane: the same in every stage and process, versions included.
 * @throws WeirError WEIR_DEFINITION_INVALID when it is no canonical set.
 */
export function resolveCanonicalSet(json: string): DefinitionSet {
  const id = sha256Hex(json);
  const known = setByJsonId.get(id);
  if (known !== undefined) return known;
  const { definitions, versions } = readSetJson(json);
  const set: DefinitionSet = { ...resolveSet(documentsFromJson(definitions), undefined, { versions }), id, canonicalJson: json };
  for (const oldest of setByJsonId.keys()) {
    if (setByJsonId.size < setsMemoMax) break;
    setByJsonId.delete(oldest);
  }
  setByJsonId.set(id, set);
  return set;
}

/** A set with nothing in it but what is built in: what holds before the first record of definitions. */
export const emptySet = (): DefinitionSet => resolveSet([]);

const setFormat = 1;
const setJson = (draft: Draft): string => canonicalJson({ format: setFormat, definitions: definitionsOf(draft).map((definition) => ({ ...canonicalDocument(definition), version: definition.version })) });

function readSetJson(json: string): { readonly definitions: unknown[]; readonly versions: ReadonlyMap<string, number> } {
  const parsed: unknown = JSON.parse(json);
  if (typeof parsed !== 'object' || parsed === null || !('format' in parsed) || parsed.format !== setFormat || !('definitions' in parsed) || !Array.isArray(parsed.definitions)) {
    throw new WeirError('WEIR_DEFINITION_INVALID', `no canonical set of definitions of format ${setFormat}`);
  }
  const versions = new Map<string, number>();
  const definitions = parsed.definitions.map((each: unknown) => {
    if (typeof each !== 'object' || each === null || !('version' in each)) return each;
    const { version, ...document } = each;
    if (typeof version === 'number' && 'kind' in document && 'name' in document) versions.set(`${String(document.kind)}/${String(document.name)}`, version);
    return document;
  });
  return { definitions, versions };
}

function resolveDraft(read: ReadByKind, findings: Findings): Draft {
  const entities = resolveAll(read.Entity, findings, (each, report) => resolveEntity(each.read, report));
  const tables = resolveAll(read.Table, findings, (each, report) => resolveTable(each.read, report));
  const lists = resolveAll(read.List, findings, (each) => resolveList(each.read));
  const rules = resolveAll(read.Rule, findings, (each) => resolveRule(each.read));
  const policies = resolveAll(read.Policy, findings, (each, report) => resolvePolicy(each.read, report));
  const models = resolveAll(read.Model, findings, (each, report) => resolveModel(each.read, report));
  const sources = resolveSources(read, entities, findings);
  const draft: Draft = { sources, entities, tables, lists, rules, policies, models, views: new Map(), services: new Map(), patterns: new Map(), layoutBySource: new Map() };
  const pathsByView = resolveViews(draft, read, findings);
  draft.sources = new Map([...sources].map(([name, source]) => [name, clampLateness(source, draft.views)]));
  draft.layoutBySource = new Map([...draft.sources].map(([name, source]) => [name, layoutOf(viewsOfSource(draft, source))]));
  draft.services = resolveAll(read.FeatureService, findings, (each, report) => ({ ...resolveService(each.read), features: spreadService(each.read.features, draft, quiet(findings, report)) }));
  const decided = decidedSource(draft);
  draft.patterns = resolveAll(read.Pattern, findings, (each, report) => {
    const pattern = resolvePattern(each.read, report);
    return { ...pattern, sources: pattern.sources.length === 0 && decided !== undefined ? [decided.name] : pattern.sources, then: withValues(pattern.then, draft) };
  });
  draft.rules = new Map([...rules].map(([name, rule]) => [name, { ...rule, then: withValues(rule.then, draft) }]));
  checkAll(draft, read, pathsByView, findings);
  return draft;
}

function resolveSources(read: ReadByKind, entities: DefinitionSet['entities'], findings: Findings): Map<string, Source> {
  const sources = resolveAll(read.Source, findings, (each, report) => resolveSource(each.read, report));
  const marked = read.Source.filter((each) => each.read.decide === true);
  for (const each of marked.slice(1)) findings.add(each.document, each.read.name, ['decide'], { expected: `decide: true on one source, and ${marked[0]?.read.name ?? ''} has it`, got: 'true' });
  const unmarked = read.Source.filter((each) => each.read.decide === undefined);
  const decidedName = marked.length > 0 ? marked[0]?.read.name : unmarked.length === 1 ? unmarked[0]?.read.name : undefined;
  const hasCard = (source: Source): boolean => entities.get('card')?.keys.every((key) => source.slotByField.has(key)) ?? false;
  for (const [name, source] of sources) sources.set(name, { ...source, decide: name === decidedName, partitionBy: source.partitionBy ?? (hasCard(source) ? 'card' : null) });
  const decided = decidedName === undefined ? undefined : sources.get(decidedName);
  if (decided !== undefined) sources.set(labelsSourceName, labelsSource(decided));
  return sources;
}

/** Fills in `draft.views`; answers where each feature of each view was written. */
function resolveViews(draft: Draft, read: ReadByKind, findings: Findings): ReadonlyMap<string, ReadonlyMap<string, Path>> {
  const pathsByView = new Map<string, ReadonlyMap<string, Path>>();
  draft.views = resolveAll(read.FeatureView, findings, (each, report): FeatureView => {
    const source = draft.sources.get(each.read.source);
    const entity = draft.entities.get(each.read.entity);
    const reported = quiet(findings, report);
    if (source === undefined) reported(['source'], oneOf('sources', draft.sources.keys()), each.read.source);
    if (entity === undefined) reported(['entity'], oneOf('entities', draft.entities.keys()), each.read.entity);
    const drafted = resolveView(each.read, { source, entity }, report);
    pathsByView.set(each.read.name, new Map(drafted.drafts.map((feature) => [feature.feature.name, feature.path])));
    return source === undefined || entity === undefined ? drafted.view : settleTypes(drafted, draft, reported);
  });
  return pathsByView;
}

/** The allowance for late events is never more than the longest sliding window over the source; anything else has no end. */
function clampLateness(source: Source, views: DefinitionSet['views']): Source {
  if (source.builtin) return source;
  const reaches = [...views.values()].filter((view) => view.source === source.name)
    .flatMap((view) => view.features).flatMap((feature) => (feature.form === 'aggregate' ? [slidingReachMs(feature.window)] : []));
  return reaches.length === 0 ? source : { ...source, allowedLatenessMs: Math.min(source.writtenAllowedLatenessMs, reaches.reduce((a, b) => Math.max(a, b))) };
}

/** An `add_to_list` without a value adds the field that the list is of. */
const withValues = (actions: readonly Action[], draft: Draft): Action[] => actions.map((action) => {
  const of = action.do === 'add_to_list' && action.value === '' ? draft.lists.get(action.list)?.of : undefined;
  return of === undefined ? action : { ...action, value: `tx.${of}` };
});

function checkAll(draft: Draft, read: ReadByKind, pathsByView: ReadonlyMap<string, ReadonlyMap<string, Path>>, findings: Findings): void {
  const checks = new ReferenceChecks(draft);
  const each = <K extends Kind, D>(items: readonly ReadDocument<K>[], byName: ReadonlyMap<string, D>, check: (definition: D, report: Report, item: ReadDocument<K>) => void): void => {
    for (const item of items) {
      const definition = byName.get(item.read.name);
      if (definition !== undefined) check(definition, quiet(findings, reportOf(item, findings)), item);
    }
  };
  each(read.FeatureView, draft.views, (view, report) => { if (draft.sources.has(view.source)) checks.view(view, pathsByView.get(view.name) ?? new Map(), report); });
  each(read.List, draft.lists, (list, report) => checks.list(list, report));
  each(read.Rule, draft.rules, (rule, report) => checks.rule(rule, report));
  each(read.Policy, draft.policies, (policy, report) => checks.policy(policy, report));
  each(read.Pattern, draft.patterns, (pattern, report, item) => {
    checks.pattern(pattern, report);
    const written = item.read.pattern;
    checkSteps(draft, pattern, Array.isArray(written) ? written : written.steps, Array.isArray(written) ? ['pattern'] : ['pattern', 'steps'], report);
  });
  each(read.Model, draft.models, (model, report) => checks.model(model, report));
  const champions = read.Model.filter((item) => draft.models.get(item.read.name)?.role === 'champion');
  for (const item of champions.slice(1)) findings.add(item.document, item.read.name, ['role'], { expected: `one champion, and ${champions[0]?.read.name ?? ''} is it`, got: 'champion' });
  const shares = read.Model.reduce((total, item) => total + (item.read.share ?? 0), 0);
  const last = read.Model.findLast((item) => item.read.share !== undefined);
  if (shares > 1 && last !== undefined) findings.add(last.document, last.read.name, ['share'], { expected: 'shares of all challengers of at most 1', got: String(shares) });
}

function resolveAll<K extends Kind, D>(items: readonly ReadDocument<K>[], findings: Findings, resolve: (item: ReadDocument<K>, report: Report) => D): Map<string, D> {
  return new Map(items.map((item) => [item.read.name, resolve(item, reportOf(item, findings))]));
}

const reportOf = ({ document, read }: ReadDocument<Kind>, findings: Findings): Report => (path, expected, got) => findings.add(document, read.name, path, { expected, got });

/** What refers to a definition that is refused itself is not blamed for it. */
const quiet = (findings: Findings, report: Report): Report => {
  const refused = [...findings.faulty].map((name) => new RegExp(`(?<!\\w)${name.replace(/[^\w ]/g, '\\$&')}(?!\\w)`));
  return (path, expected, got) => {
    if (!refused.some((name) => name.test(got))) report(path, expected, got);
  };
};

function assignVersions(draft: Draft, previous: DefinitionSet | undefined, options: ResolveOptions): void {
  const before = new Map(previous === undefined ? [] : definitionsOf(previous).map((definition) => [definitionKey(definition), definition]));
  const versionOf = (definition: Definition): number => {
    const key = definitionKey(definition);
    const recorded = options.versions?.get(key);
    if (recorded !== undefined) return recorded;
    const known = options.history?.get(key);
    const old = before.get(key);
    if (known === undefined && old === undefined) return 1;
    const meaning = meaningId(definition);
    if (old !== undefined && meaningId(old) === meaning) return old.version;
    const same = known?.findLast((each) => each.meaningId === meaning);
    return same?.version ?? Math.max(old?.version ?? 0, ...(known ?? []).map((each) => each.version)) + 1;
  };
  const versioned = <D extends Definition>(byName: ReadonlyMap<string, D>): Map<string, D> => new Map([...byName].map(([name, definition]) => [name, { ...definition, version: versionOf(definition) }]));
  draft.sources = versioned(draft.sources);
  draft.entities = versioned(draft.entities);
  draft.views = versioned(draft.views);
  draft.services = versioned(draft.services);
  draft.tables = versioned(draft.tables);
  draft.patterns = versioned(draft.patterns);
  draft.rules = versioned(draft.rules);
  draft.lists = versioned(draft.lists);
  draft.models = versioned(draft.models);
  draft.policies = versioned(draft.policies);
}

function runChecks(set: DefinitionSet, read: ReadByKind, checks: readonly SetCheck[], findings: Findings): void {
  for (const finding of checks.flatMap((check) => check(set))) {
    const items: readonly ReadDocument<Kind>[] = read[finding.kind];
    const item = items.find((each) => each.read.name === finding.name);
    if (item === undefined) findings.addAll([{ where: finding.kind, field: '', expected: finding.expected, got: finding.got, name: finding.name }]);
    else findings.add(item.document, finding.name, finding.path, finding);
  }
  findings.throwIfAny();
}
