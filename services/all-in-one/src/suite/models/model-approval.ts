import { WeirError, type Finding } from '@weir/contracts';
import type { DefinitionSet, Model } from '@weir/definitions';
import { checkModelAnswers, inputNameFaults, loadExplainer, nameFaults, readNumericCsv, type Explainer } from '@weir/models';
import type { LoadedModel, ModelRuntime } from '@weir/ports';
import { inputReaders } from '@weir/scoring';
import type { ModelArtifacts } from '../model-artifacts';
import { within } from './within';

/** Findings reported of one model. */
const findingsMax = 20;

/** Rows of the background that are answered and explained: a whole batch, and quickly done, for it is done beside the path of decisions. */
const sampleRows = 64;
/** Longest time that the check of the rows may take. */
const answersWithinMs = 30_000;
/** Models that passed with a feature service, so that a set that changes something else does not check them again. */
const passedMax = 64;

/**
 * What every model of a set must show before the set is applied: it loads, takes as many inputs as its feature service gives, names them so and in that
 * order where it names them, is given numbers by every decided source, answers the rows kept with it alike alone and in a batch of 64, and as its
 * explainer says. What does not fit is refused, and nothing changes.
 */
export class ModelApproval {
  private readonly passed = new Set<string>();

  constructor(private readonly options: { readonly runtime: ModelRuntime; readonly artifacts: ModelArtifacts }) {}

  /** @throws WeirError WEIR_MODEL_INVALID with a finding per thing that does not fit. */
  async approve(set: DefinitionSet): Promise<void> {
    for (const model of set.models.values()) {
      for (const source of set.sources.values()) if (source.decide) inputReaders(model, set, source);
      const bytes = await this.options.artifacts.read(model.file, model.sha256);
      const features = set.services.get(model.features)?.features ?? [];
      const key = [model.sha256, model.output, ...features].join(' ');
      const loaded = await this.options.runtime.load({ bytes, output: model.output });
      try {
        if (!this.passed.has(key)) refuse(model, await this.findings(model, { bytes, features, loaded }));
      } finally {
        await loaded.close();
      }
      this.passed.add(key);
      for (const oldest of this.passed) if (this.passed.size > passedMax) this.passed.delete(oldest);
    }
  }

  private async findings(model: Model, { bytes, features, loaded }: { readonly bytes: Uint8Array; readonly features: readonly string[]; readonly loaded: LoadedModel }): Promise<readonly Finding[]> {
    if (loaded.inputs !== features.length) return [{ where: model.file, field: 'features', expected: `${loaded.inputs} features`, got: `${features.length}`, name: model.name }];
    const names = inputNameFaults(bytes, features);
    if (names.length > 0) return names.map(({ position, expected, got }) => ({ where: model.file, field: `features[${position}]`, expected, got, name: model.name }));
    const kept = model.sha256 === null ? undefined : await this.options.artifacts.background(model.sha256);
    if (kept === undefined) return [];
    const { columns, rows } = readNumericCsv(Buffer.from(kept).toString('utf8'), model.background ?? 'background');
    const misnamed = nameFaults(columns, features);
    if (misnamed.length > 0) return misnamed.map(({ position, expected, got }) => ({ where: model.background ?? 'background', field: `column ${position}`, expected: got, got: expected, name: model.name }));
    if (rows.length === 0) return [];
    const samples = Array.from({ length: sampleRows }, (_, index) => rows[index % rows.length] as Float64Array);
    const checked = checkModelAnswers({ score: (matrix, count) => loaded.score(matrix, count), inputs: loaded.inputs, rows: samples, ...explained(bytes, rows, model) });
    const findings = await within(checked, answersWithinMs) ?? [{ where: model.file, field: 'p', expected: `answers to ${sampleRows} rows within ${answersWithinMs} ms`, got: 'none' }];
    return findings.map((finding) => ({ ...finding, name: model.name }));
  }
}

/** Models that no exact explainer takes are checked without one. */
function explained(bytes: Uint8Array, rows: readonly ArrayLike<number>[], model: Model): { readonly explainer?: Explainer } {
  try {
    return { explainer: loadExplainer(bytes, rows, { output: model.output, tableBytesMax: 0 }) };
  } catch (error) {
    if (error instanceof WeirError && error.code === 'WEIR_MODEL_INVALID') return {};
    throw error;
  }
}

function refuse(model: Model, findings: readonly Finding[]): void {
  const [first] = findings;
  if (first === undefined) return;
  throw new WeirError('WEIR_MODEL_INVALID', `model ${model.name} does not fit: ${first.where} ${first.field}: expected ${first.expected}, got ${first.got}`, { findings: findings.slice(0, findingsMax) });
}
