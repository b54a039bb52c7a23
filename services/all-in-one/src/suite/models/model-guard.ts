import { canonicalDocument, definitionsOf, resolveCanonicalSet, type DefinitionSet, type Model } from '@weir/definitions';
import type { AppliedSet, Clock, Registry } from '@weir/ports';
import type { DefinitionsService } from '../definitions-service';
import type { ModelEvents } from './model-events';
import type { ModelFigures, ModelMeter } from './model-meter';
import type { ModelsOptions } from './models-config';

export interface ModelGuardOptions extends Pick<ModelsOptions, 'errorRateMax' | 'latencyMaxMs' | 'rowsMin' | 'probationMs'> {
  readonly registry: Registry;
  readonly definitions: Pick<DefinitionsService, 'set' | 'apply'>;
  readonly meter: ModelMeter;
  readonly events: ModelEvents;
  readonly clock: Clock;
  /** Model and version that was sent back. */
  readonly returned: (model: string, version: number) => void;
}

/** Under this name a return is in the registry and in its audit. */
const guardName = 'weir model guard';
/** Sets looked at for where a version came in. */
const setsMax = 100;
/** Batches before a latency is judged. */
const callsMin = 5;

/**
 * Sends a new version of a model back when too many of its rows have no answer, or it is too slow, over the last minute: what came with the
 * version is put back as it stood before, as a set of definitions, which is a record in every lane. So the decisions stay a function of the log, and
 * each names the version that took it. What the guard itself put back is not sent back again; that, and a version past its probation, is only told.
 */
export class ModelGuard {
  private checking: Promise<void> = Promise.resolve();

  constructor(private readonly options: ModelGuardOptions) {}

  /** One check at a time. @throws what the registry or the lanes throw; the next check tries again. */
  check(): Promise<void> {
    const checked = this.checking.catch(() => undefined).then(() => this.judgeAll());
    this.checking = checked;
    return checked;
  }

  private async judgeAll(): Promise<void> {
    for (const figures of this.options.meter.figures()) {
      const why = this.trouble(figures), model = this.options.definitions.set.models.get(figures.name);
      if (why !== undefined && model?.version === figures.version) await this.act(model, figures, why);
    }
  }

  private trouble({ rows, calls, errorRate, p99Ms }: ModelFigures): string | undefined {
    const { errorRateMax, latencyMaxMs, rowsMin } = this.options;
    if (rows < rowsMin) return undefined;
    if (errorRate > errorRateMax) return `${percent(errorRate)} of ${rows} rows in a minute had no answer, at most ${percent(errorRateMax)} may`;
    return calls >= callsMin && p99Ms > latencyMaxMs ? `the 99th percentile of ${calls} batches in a minute is ${Math.round(p99Ms)} ms, at most ${latencyMaxMs} ms may be` : undefined;
  }

  private async act(model: Model, figures: ModelFigures, why: string): Promise<void> {
    const { events, definitions, clock, probationMs } = this.options;
    const details = { version: model.version, role: model.role, error_rate: figures.errorRate, p99_ms: figures.p99Ms, rows: figures.rows };
    const came = await this.cameIn(model);
    const isNew = came !== undefined && came.applied.appliedBy !== guardName && clock.nowMs() - came.applied.appliedAtMs <= probationMs;
    if (came?.former === undefined || !isNew) {
      await events.raise({ what: 'model_trouble', model: model.name, severity: 'critical', kind: 'guard', why, details });
      return;
    }
    const documents = withModelsOf(definitions.set, { before: came.former, with: came.set });
    await definitions.apply({ files: [], documents, prune: true }, { name: guardName, note: `${model.name} version ${model.version} was sent back: ${why}` });
    this.options.returned(model.name, model.version);
    await this.options.registry.appendAudit({ atMs: clock.nowMs(), by: guardName, action: 'model.return', subject: model.name, detail: JSON.stringify({ ...details, why }) });
    const now = definitions.set.models.get(model.name)?.version ?? null;
    await events.raise({ what: 'model_returned', model: model.name, severity: 'critical', kind: `version ${model.version}`, why, details: { ...details, now } });
  }

  /** The application with which the model came to be as it is, and the set that was in force before it. */
  private async cameIn(model: Model): Promise<{ readonly applied: AppliedSet; readonly set: DefinitionSet; readonly former: DefinitionSet | undefined } | undefined> {
    let came: { readonly applied: AppliedSet; readonly set: DefinitionSet } | undefined;
    const { items } = await this.options.registry.appliedSets({ limit: setsMax, cursor: undefined });
    for (const applied of items) {
      const known = await this.options.registry.set(applied.setId);
      const set = known && resolveCanonicalSet(known.json);
      if (set === undefined) break;
      if (set.models.get(model.name)?.version !== model.version) return came && { ...came, former: set };
      came = { applied, set };
    }
    return came && { ...came, former: undefined };
  }
}

/** The set in force, but every model that the change touched as it stood before, with the feature service it needs. */
function withModelsOf(inForce: DefinitionSet, change: { readonly before: DefinitionSet; readonly with: DefinitionSet }): ReadonlyArray<Readonly<Record<string, unknown>>> {
  const touched = new Set([...change.before.models.keys(), ...change.with.models.keys()].filter((name) => change.before.models.get(name)?.version !== change.with.models.get(name)?.version));
  const back = [...change.before.models.values()].filter(({ name }) => touched.has(name));
  const services = new Set(back.map(({ features }) => features));
  const kept = definitionsOf(inForce).filter(({ kind, name }) => !(kind === 'Model' && touched.has(name)) && !(kind === 'FeatureService' && services.has(name)));
  const servicesBack = [...services].flatMap((name) => change.before.services.get(name) ?? []);
  return [...kept, ...servicesBack, ...back].map((definition) => canonicalDocument(definition));
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
