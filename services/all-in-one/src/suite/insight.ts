import { originOfDecisionId, WeirError, type Decision, type Verdict } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { DecisionRecord, DefinitionsChange, NearMisses, Rerun, WhyNot } from '@weir/gateway';
import type { DecisionStore, Registry } from '@weir/ports';
import { bandDistance, compileDecisionProgram, counterfactuals, inputOfRecord, rerun, verdictJson, verdictOfRecord, whyNot, type DecisionProgram, type VerdictRecord } from '@weir/rules';
import type { ExplainThread } from './explain/explain-thread';
import type { DecisionInsight } from './suite-views';
import { whyNotPattern, type EarlierDecisions } from './why-not-pattern';

export interface InsightOptions {
  readonly registry: Registry;
  readonly decisions: DecisionStore;
  /** The whole set that a change would give. @throws WeirError with its findings. */
  readonly resolved: (change: DefinitionsChange) => Promise<DefinitionSet>;
  readonly explain: ExplainThread['explain'];
  readonly nextOffsets: () => readonly number[];
  readonly tokenOfEntity: (type: string, key: string) => string;
}

const programsMax = 8;
const nearMissesMax = 10;
/** Decisions looked at for a pattern's key: so many pages of so many rows. */
const pagesMax = 8, pageRows = 250;
/** A number was near its limit when it was within this share of it. */
const nearShareMax = 0.25;

/** Explains past decisions from their records: by the set, the model and the rules that took them. */
export class Insight implements DecisionInsight {
  private readonly programById = new Map<string, DecisionProgram>();
  readonly nextOffsets: () => readonly number[];
  readonly tokenOfEntity: (type: string, key: string) => string;

  constructor(private readonly options: InsightOptions) {
    this.nextOffsets = options.nextOffsets;
    this.tokenOfEntity = options.tokenOfEntity;
  }

  async whyNot(record: DecisionRecord, of: { readonly kind: 'rule' | 'pattern'; readonly name: string }): Promise<WhyNot> {
    const { verdict, program } = await this.recalled(record);
    if (of.kind === 'pattern') {
      const pattern = program.set.patterns.get(of.name);
      if (pattern === undefined) throw new WeirError('WEIR_NOT_FOUND', `the set has no pattern ${of.name}`);
      return whyNotPattern(verdict, { program, pattern, earlier: (wanted) => this.earlier(verdict, wanted) });
    }
    const why = whyNot(program, of.name, inputOfRecord(verdict, program));
    return {
      fired: why.result === 'unknown' ? null : why.result === 'true' && why.silencedBy === null, explanation: why.text,
      parts: why.comparisons.map((each) => ({ text: each.text, held: each.result === 'unknown' ? null : each.result === 'true', value: each.value })),
    };
  }

  /** Decisions of an entity that stand before this one in its lane, oldest first. */
  private async earlier(before: Verdict, { entity, fromMs, toMs, max }: Parameters<EarlierDecisions>[0]): Promise<readonly Verdict[]> {
    const own = originOfDecisionId(before.id);
    const found: Verdict[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < pagesMax && found.length < max; page += 1) {
      const { items, next } = await this.options.decisions.search({
        entity, limit: pageRows, cursor, ...(Number.isFinite(fromMs) ? { fromMs } : {}), ...(Number.isFinite(toMs) ? { toMs: toMs + 1 } : {}),
      });
      for (const row of items) {
        if (row.lane !== own?.lane || row.offset >= own.offset || found.length >= max) continue;
        found.push((await this.recalled(JSON.parse(row.json) as DecisionRecord)).verdict); // written by decisionRow alone
      }
      if (next === null) break;
      cursor = next;
    }
    return found.reverse();
  }

  async nearMisses(record: DecisionRecord): Promise<NearMisses> {
    const { verdict, program } = await this.recalled(record);
    const input = inputOfRecord(verdict, program);
    const near = program.liveRules.filter(({ name }) => !verdict.rules.includes(name)).flatMap(({ name }) => {
      const why = whyNot(program, name, input);
      const [only, ...others] = why.failed;
      if (only === undefined || others.length > 0 || why.silencedBy !== null || only.missing.length > 0) return [];
      const share = only.distance === null || typeof only.limit !== 'number' ? null : Math.abs(only.distance) / Math.max(1, Math.abs(only.limit));
      return (share === null ? why.comparisons.length > 1 : share <= nearShareMax) ? [{ rule: name, text: why.text, share: share ?? 1 }] : [];
    });
    near.sort((a, b) => a.share - b.share || (a.rule < b.rule ? -1 : 1));
    const bands = program.set.policies.get(verdict.policy)?.bands ?? { review: 0.3, block: 0.8 };
    return { band: bandDistance(verdict.score, bands), whatIf: counterfactuals(program, input).slice(0, nearMissesMax).map(({ text }) => text), rules: near.slice(0, nearMissesMax).map(({ rule, text }) => ({ rule, text })) };
  }

  /** The same decision from its record alone, as canonical JSON; `same` says whether it is what was stored. */
  async rerun(record: DecisionRecord, change?: DefinitionsChange): Promise<Rerun> {
    const { verdict, program } = await this.recalled(record);
    if (change !== undefined) return this.rerunChanged(verdict, program, change);
    const json = verdictJson(rerun(verdict, program));
    return { json, same: json === verdictJson(verdict) };
  }

  /** What another set makes of what the record holds. Features that it has not stay missing, and are named. */
  private async rerunChanged(verdict: Verdict, { source }: DecisionProgram, change: DefinitionsChange): Promise<Rerun> {
    const set = await this.options.resolved(change);
    if (set.sources.get(source.name)?.decide !== true) throw new WeirError('WEIR_INPUT_INVALID', `the changed set does not decide ${source.name}`, { findings: [{ where: 'body', field: 'definitions', expected: `a source ${source.name} with decide: true`, got: 'none' }] });
    const known = new Set(verdict.vector.layout.qualifiedNames);
    const missingFeatures = (set.layoutBySource.get(source.name)?.qualifiedNames ?? []).filter((name) => !known.has(name));
    const json = verdictJson(rerun(verdict, compileDecisionProgram(set, source.name)));
    return { json, same: json === verdictJson({ ...verdict, set: set.id }), missingFeatures };
  }

  async explain(decision: Decision | DecisionRecord): Promise<{ readonly base: number; readonly margin: number; readonly contributions: Readonly<Record<string, number>>; readonly approximate: boolean } | undefined> {
    const { verdict, program } = isTaken(decision) ? { verdict: decision.verdict, program: await this.program(decision.verdict.set, decision.verdict.source ?? defaultSource) } : await this.recalled(decision);
    const model = verdict.model === null || verdict.model.p === null ? undefined : program.set.models.get(verdict.model.name);
    if (model === undefined) return undefined;
    const features = program.set.services.get(model.features)?.features ?? [];
    const row = Float64Array.from(features, (feature) => inputOf(verdict, feature));
    const explained = model.sha256 === null ? undefined : await this.options.explain({ file: model.file, sha256: model.sha256, output: model.output }, row);
    if (explained === undefined) return undefined;
    const { base, margin, contributions, approximate } = explained;
    return { base, margin, contributions: Object.fromEntries(features.map((feature, index) => [feature, contributions[index] ?? 0])), approximate };
  }

  private async recalled(record: DecisionRecord): Promise<{ readonly verdict: Verdict; readonly program: DecisionProgram }> {
    const { meta: _meta, event_time, ...rest } = record;
    const program = await this.program(record.set, typeof record['source'] === 'string' ? record['source'] : defaultSource);
    const stored = { ...rest, event_time: Date.parse(event_time) } as unknown as VerdictRecord; // a record is a verdict's public form, its time as ISO text
    const layout = program.set.layoutBySource.get(program.source.name);
    if (layout === undefined) throw new WeirError('WEIR_NOT_FOUND', `the set ${record.set} decides no ${program.source.name}`);
    return { verdict: verdictOfRecord(stored, layout), program };
  }

  private async program(setId: string, sourceName: string): Promise<DecisionProgram> {
    const key = `${setId}/${sourceName}`;
    const known = this.programById.get(key);
    if (known !== undefined) return known;
    const stored = await this.options.registry.set(setId);
    if (stored === undefined) throw new WeirError('WEIR_NOT_FOUND', `the set ${setId} is not in the registry`);
    const set = resolveCanonicalSet(stored.json);
    const made = compileDecisionProgram(set, sourceName);
    remember(this.programById, key, made, programsMax);
    return made;
  }
}

const defaultSource = 'transactions';
const isTaken = (decision: Decision | DecisionRecord): decision is Decision => 'verdict' in decision;

function inputOf(verdict: Verdict, feature: string): number {
  const [view = '', name = ''] = feature.split(':');
  if (view === 'tx') return asNumber(verdict.tx[name]);
  const slot = verdict.vector.layout.slotByName.get(`${view}.${name}`);
  return slot === undefined ? Number.NaN : (verdict.vector.numbers[slot] ?? Number.NaN);
}

const asNumber = (value: unknown): number => (typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : Number.NaN);

function remember<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= max) break;
    map.delete(oldest);
  }
}

