import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { WeirError } from '@weir/contracts';
import { loadExplainer, readNumericCsv, sampleExplanation, type Explainer } from '@weir/models';
import { ModelArtifacts } from '../model-artifacts';

/** What a row's answer is made of. `approximate`: estimated, for the model cannot be taken apart. */
export interface Explained { readonly base: number; readonly margin: number; readonly contributions: ArrayLike<number>; readonly approximate: boolean }
export interface ExplainedModel { readonly file: string; readonly sha256: string; readonly output: string }

/** Exactly, or by estimates where a model cannot be taken apart. */
type Explaining = { readonly kind: 'exact'; readonly explainer: Explainer } | { readonly kind: 'estimated'; readonly background: readonly Float64Array[] };

const explainersMax = 8;

/** Explains rows by models as they were kept, and keeps what it prepared for the latest of them. */
export class Explainers {
  private readonly byModel = new Map<string, Promise<Explaining | undefined>>();
  private readonly runtime = new OnnxModelRuntime();
  private readonly artifacts: ModelArtifacts;

  /** @param folder of the model files. */
  constructor(folder: string) { this.artifacts = new ModelArtifacts(folder); }

  /** undefined where no rows were kept with the model. The same row of the same model gets the same answer. @throws WeirError for a model that is not there. */
  async explain(model: ExplainedModel, row: Float64Array): Promise<Explained | undefined> {
    const how = await this.explaining(model);
    if (how === undefined) return undefined;
    const { base, margin, contributions } = how.kind === 'exact' ? how.explainer.explain(row) : await this.estimate(model, row, how.background);
    return { base, margin, contributions, approximate: how.kind === 'estimated' };
  }

  private explaining(model: ExplainedModel): Promise<Explaining | undefined> {
    const key = `${model.sha256} ${model.output}`, making = this.byModel.get(key) ?? this.make(model);
    this.byModel.delete(key); // the last of the map is the one used last
    this.byModel.set(key, making);
    for (const oldest of this.byModel.keys()) if (this.byModel.size > explainersMax) this.byModel.delete(oldest);
    making.catch(() => this.byModel.delete(key));
    return making;
  }

  private async make({ file, sha256, output }: ExplainedModel): Promise<Explaining | undefined> {
    const kept = await this.artifacts.background(sha256);
    if (kept === undefined) return undefined;
    const background = readNumericCsv(Buffer.from(kept).toString('utf8'), 'background').rows, bytes = await this.artifacts.read(file, sha256);
    try {
      return { kind: 'exact', explainer: loadExplainer(bytes, background, { output }) };
    } catch (error) {
      if (error instanceof WeirError && error.code === 'WEIR_MODEL_INVALID') return { kind: 'estimated', background };
      throw error;
    }
  }

  /** Shapley values by sampling, with the same draws for every row. */
  private async estimate({ file, sha256, output }: ExplainedModel, row: Float64Array, background: readonly Float64Array[]): Promise<Pick<Explained, 'base' | 'margin' | 'contributions'>> {
    const loaded = await this.runtime.load({ bytes: await this.artifacts.read(file, sha256), output });
    try {
      return await sampleExplanation(row, { score: (matrix, rows) => loaded.score(matrix, rows), background, random: draws() });
    } finally {
      await loaded.close();
    }
  }
}

/** Numbers in [0, 1), always the same ones. @source Mulberry32 */
function draws(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
