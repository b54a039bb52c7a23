import { refusalOf } from '../testing/weir-error';
import { onnxModel, onnxNode, onnxTensor, type AttributeValue } from '../testing/onnx-writer';
import { loadTreeEnsemble } from './load-tree-ensemble';
import { marginOf, probabilityOf } from './tree-ensemble';

type Attributes = Record<string, AttributeValue>;
const ints = (...list: number[]): AttributeValue => ({ ints: list });
const floats = (...list: number[]): AttributeValue => ({ floats: list });

/** x0 < 1 ? left : right, twice, in two trees. */
const stump: Attributes = {
  nodes_treeids: ints(0, 0, 0, 1, 1, 1), nodes_nodeids: ints(0, 1, 2, 0, 1, 2), nodes_featureids: ints(0, 0, 0, 1, 0, 0), nodes_values: floats(1, 0, 0, 1, 0, 0),
  nodes_modes: { texts: ['BRANCH_LT', 'LEAF', 'LEAF', 'BRANCH_LT', 'LEAF', 'LEAF'] }, nodes_truenodeids: ints(1, 0, 0, 1, 0, 0), nodes_falsenodeids: ints(2, 0, 0, 2, 0, 0),
};
const target: Attributes = { target_treeids: ints(0, 0, 1, 1), target_nodeids: ints(1, 2, 1, 2), target_ids: ints(0, 0, 0, 0), target_weights: floats(1, 2, 4, 8) };
const classes = (...ids: number[]): Attributes => ({ classlabels_int64s: ints(0, 1), class_treeids: ints(0, 0, 1, 1), class_nodeids: ints(1, 2, 1, 2), class_ids: ints(...ids), class_weights: floats(1, 2, 4, 8) });

const regressor = (attributes: Attributes = {}, input = 'input', output = 'score') => onnxNode('TreeEnsembleRegressor', [input], [output], { ...stump, ...target, ...attributes });
const classifier = (attributes: Attributes = {}, ids = [0, 0, 0, 0]) => onnxNode('TreeEnsembleClassifier', ['input'], ['label', 'probabilities'], { ...stump, ...classes(...ids), ...attributes });
const model = (nodes: Parameters<typeof onnxModel>[0]['nodes'], outputs: string[], constants: Parameters<typeof onnxModel>[0]['constants'] = []): Uint8Array => onnxModel({ inputs: 2, nodes, outputs, constants });

function margin(bytes: Uint8Array, row: readonly number[], output?: string): number {
  const ensemble = loadTreeEnsemble(bytes, output);
  const columns = new Float64Array(ensemble.columns.count);
  ensemble.columns.expand(row, columns);
  return marginOf(ensemble, columns);
}

describe('loadTreeEnsemble', () => {
  it('adds the leaves of a regressor and its base value', () => {
    expect(margin(model([regressor()], ['score']), [0, 5])).toBe(1 + 8);
    expect(margin(model([regressor({ base_values: floats(0.5) })], ['score']), [5, 0])).toBe(2 + 4 + 0.5);
    expect(margin(model([regressor({ base_values: floats(0.5), aggregate_function: 'AVERAGE' })], ['score']), [5, 0])).toBe((2 + 4) / 2 + 0.5);
  });

  it.each([[[0, 0, 0, 0], 9], [[1, 1, 1, 1], 9], [[0, 1, 0, 1], 8]])('takes the weights for the classes %j as the runtime does', (ids, expected) => {
    expect(margin(model([classifier({}, ids)], ['label', 'probabilities']), [0, 5])).toBe(expected);
  });

  it('knows a logistic', () => {
    const ensemble = loadTreeEnsemble(model([classifier({ post_transform: 'LOGISTIC' })], ['label', 'probabilities']));
    expect(ensemble.logistic).toBe(true);
    expect(probabilityOf(ensemble, 0)).toBe(0.5);
    expect(probabilityOf({ logistic: false }, 0.25)).toBe(0.25);
  });

  it('follows the output through what changes nothing', () => {
    const nodes = [classifier(), onnxNode('Cast', ['label'], ['l'], { to: 7 }), onnxNode('Identity', ['probabilities'], ['a']), onnxNode('Mul', ['one', 'a'], ['b']), onnxNode('Cast', ['b'], ['c'], { to: 1 }), onnxNode('ZipMap', ['c'], ['p'])];
    const bytes = model(nodes, ['l', 'p'], [onnxTensor('one', [1], [1])]);
    expect(margin(bytes, [0, 5])).toBe(9);
    expect(margin(bytes, [0, 5], 'p[1]')).toBe(9);
  });

  it('adds ensembles that the graph adds', () => {
    const nodes = [regressor({ base_values: floats(100) }), regressor({ base_values: floats(1_000), aggregate_function: 'AVERAGE' }, 'input', 'other'), onnxNode('Sum', ['score', 'other'], ['sum'])];
    expect(margin(model(nodes, ['sum']), [0, 5])).toBe(9 + 100 + 4.5 + 1_000);
  });

  it('rounds a row to float32 before it compares', () => {
    const bytes = model([regressor({ nodes_values: floats(Math.fround(0.1), 0, 0, 1, 0, 0) })], ['score']);
    expect(margin(bytes, [0.1, 5])).toBe(2 + 8); // 0.1 is less than its float32
    expect(margin(bytes, [0.0999999, 5])).toBe(1 + 8);
  });

  it.each<[string, Uint8Array, string]>([
    ['no model', new TextEncoder().encode('nothing of the kind'), 'file'],
    ['three labels', model([classifier({ classlabels_int64s: ints(0, 1, 2) })], ['label', 'probabilities']), 'classlabels'],
    ['a third class', model([classifier({}, [0, 2, 0, 0])], ['label', 'probabilities']), 'class_ids'],
    ['base values beside weights for class 1', model([classifier({ base_values: floats(1) }, [1, 1, 1, 1])], ['label', 'probabilities']), 'base_values'],
    ['two base values', model([classifier({ base_values: floats(1, 2) })], ['label', 'probabilities']), 'base_values'],
    ['two targets', model([regressor({ n_targets: 2 })], ['score']), 'n_targets'],
    ['a maximum', model([regressor({ aggregate_function: 'MAX' })], ['score']), 'aggregate_function'],
    ['a softmax', model([classifier({ post_transform: 'SOFTMAX' })], ['label', 'probabilities']), 'post_transform'],
    ['a logistic that is added', model([regressor({ post_transform: 'LOGISTIC' }), regressor({}, 'input', 'b'), onnxNode('Sum', ['score', 'b'], ['c'])], ['c']), 'post_transform'],
    ['doubles', model([regressor({ nodes_values_as_tensor: { tensor: onnxTensor('t', [6], [1, 0, 0, 1, 0, 0]) } })], ['score']), 'nodes_values_as_tensor'],
    ['the newer operator', model([onnxNode('TreeEnsemble', ['input'], ['score'])], ['score']), 'output'],
    ['a scaler before the trees', model([onnxNode('Scaler', ['input'], ['scaled']), regressor({}, 'scaled')], ['score']), 'output'],
    ['an ensemble added to itself', model([regressor(), onnxNode('Sum', ['score', 'score'], ['b'])], ['b']), 'output'],
    ['an unknown mode', model([regressor({ nodes_modes: { texts: ['BRANCH_MEMBER', 'LEAF', 'LEAF', 'LEAF', 'LEAF', 'LEAF'] } })], ['score']), 'nodes_modes'],
    ['an input the model does not have', model([regressor({ nodes_featureids: ints(2, 0, 0, 1, 0, 0) })], ['score']), 'nodes_featureids'],
    ['a child that is no node', model([regressor({ nodes_truenodeids: ints(9, 0, 0, 1, 0, 0) })], ['score']), 'nodes'],
    ['a circle', model([regressor({ nodes_truenodeids: ints(0, 0, 0, 1, 0, 0) })], ['score']), 'nodes'],
    ['a node with two parents', model([regressor({ nodes_falsenodeids: ints(1, 0, 0, 2, 0, 0) })], ['score']), 'nodes'],
    ['lists of different lengths', model([regressor({ nodes_values: floats(1) })], ['score']), 'nodes_values'],
    ['a weight of no node', model([regressor({ target_nodeids: ints(1, 7, 1, 2) })], ['score']), 'target_nodeids'],
  ])('refuses %s', (_name, bytes, field) => {
    expect(refusalOf(() => loadTreeEnsemble(bytes))).toEqual({ code: 'WEIR_MODEL_INVALID', fields: [field] });
  });

  it.each([['probabilities[0]'], ['nothing'], ['label']])('refuses the output %s', (output) => {
    expect(refusalOf(() => loadTreeEnsemble(model([classifier()], ['label', 'probabilities']), output))).toEqual({ code: 'WEIR_MODEL_INVALID', fields: ['output'] });
  });
});
