import type { Explainer } from './explanation';
import { loadTreeEnsemble } from './trees/load-tree-ensemble';
import { TreeExplainer } from './trees/tree-explainer';
import { WeirError } from '@weir/contracts';

/**
 * The exact explainer of a model.
 * @param background rows the model knows as usual, each as wide as the model's input.
 * @param output `name` or `name[column]`; without it the one output that is a score.
 * @throws WeirError WEIR_MODEL_INVALID for a model that is not reproduced exactly, WEIR_INPUT_INVALID for a background that does not fit it.
 */
export function loadExplainer(bytes: Uint8Array, background: readonly ArrayLike<number>[], output?: string): Explainer {
  const ensemble = loadTreeEnsemble(bytes, output);
  checkBackground(background, ensemble.inputs);
  return new TreeExplainer(ensemble, background);
}

function checkBackground(background: readonly ArrayLike<number>[], inputs: number): void {
  const other = background.find((row) => row.length !== inputs);
  if (other === undefined && background.length > 0) return;
  const got = other === undefined ? 'no rows' : `${other.length} columns`;
  throw new WeirError('WEIR_INPUT_INVALID', `background: rows of ${inputs} columns expected, got ${got}`, { findings: [{ where: 'background', field: 'columns', expected: `rows of ${inputs} columns`, got }] });
}
