import { onnxModel, onnxNode, onnxTensor, type AttributeValue } from '../testing/onnx-writer';
import { refusalOf } from '../testing/weir-error';
import { loadExplainer } from '../load-explainer';

const floats = (...list: number[]): AttributeValue => ({ floats: list });
const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const background = [[1, 2], [3, Number.NaN], [5, 6]]; // means 3 and 4
/** The margin of every model below: 0.5·x₀ − 1.25·x₁ − 0.75. */
const weights = [0.5, -1.25];
const w = onnxTensor('w', [2, 1], weights);
const b = onnxTensor('b', [1], [-0.75]);
const one = onnxTensor('one', [1], [1]);

const models: [string, Uint8Array, boolean][] = [
  ['Gemm and Sigmoid, both probabilities', onnxModel({ inputs: 2, outputs: ['label', 'p2'], constants: [w, b, one], nodes: [
    onnxNode('Gemm', ['input', 'w', 'b'], ['z']), onnxNode('Sigmoid', ['z'], ['p']), onnxNode('Sub', ['one', 'p'], ['q']), onnxNode('Concat', ['q', 'p'], ['p2'], { axis: 1 }), onnxNode('ArgMax', ['p2'], ['label'])] }), true],
  ['MatMul and Add', onnxModel({ inputs: 2, outputs: ['z'], constants: [w, b], nodes: [onnxNode('MatMul', ['input', 'w'], ['y']), onnxNode('Add', ['y', 'b'], ['z'])] }), false],
  ['LinearRegressor', onnxModel({ inputs: 2, outputs: ['z'], nodes: [onnxNode('LinearRegressor', ['input'], ['z'], { coefficients: floats(...weights), intercepts: floats(-0.75) })] }), false],
  ['LinearClassifier, LOGISTIC and normalised', onnxModel({ inputs: 2, outputs: ['label', 'p'], nodes: [
    onnxNode('LinearClassifier', ['input'], ['label', 'raw'], { classlabels_ints: { ints: [0, 1] }, coefficients: floats(-0.5, 1.25, 0.5, -1.25), intercepts: floats(0.75, -0.75), post_transform: 'LOGISTIC' }),
    onnxNode('Normalizer', ['raw'], ['p'], { norm: 'L1' })] }), true],
  ['LinearClassifier, SOFTMAX', onnxModel({ inputs: 2, outputs: ['p'], nodes: [
    onnxNode('LinearClassifier', ['input'], ['label', 'p'], { classlabels_ints: { ints: [0, 1] }, coefficients: floats(1, 1, 1.5, -0.25), intercepts: floats(0, -0.75), post_transform: 'SOFTMAX' })] }), true],
  ['a scaler before', onnxModel({ inputs: 2, outputs: ['z'], nodes: [
    onnxNode('Scaler', ['input'], ['s'], { offset: floats(1, 2), scale: floats(0.5, 0.25) }), onnxNode('LinearRegressor', ['s'], ['z'], { coefficients: floats(1, -5), intercepts: floats(-2.75) })] }), false],
];

describe('the explainer of linear models', () => {
  it.each(models)('reads %s', (_name, bytes, isLogistic) => {
    const { p, margin, base, contributions } = loadExplainer(bytes, background).explain([2, 1]);
    expect(margin).toBeCloseTo(0.5 * 2 - 1.25 - 0.75, 12);
    expect(p).toBeCloseTo(isLogistic ? logistic(margin) : margin, 12);
    expect(base).toBeCloseTo(0.5 * 3 - 1.25 * 4 - 0.75, 12);
    expect(contributions[0]).toBeCloseTo(0.5 * (2 - 3), 12);
    expect(contributions[1]).toBeCloseTo(-1.25 * (1 - 4), 12);
  });

  it('reads the other label of a logistic', () => {
    const { p } = loadExplainer(models[0]![1], background, { output: 'p2[0]' }).explain([2, 1]);
    expect(p).toBeCloseTo(1 - logistic(-1), 12);
  });

  it('has no answer for a row with a missing input', () => {
    expect(loadExplainer(models[0]![1], background).explain([Number.NaN, 1]).p).toBeNaN();
  });

  it.each([
    ['a network', [onnxNode('MatMul', ['input', 'w'], ['y']), onnxNode('Relu', ['y'], ['z'])]],
    ['a square', [onnxNode('MatMul', ['input', 'w'], ['y']), onnxNode('Mul', ['y', 'y'], ['z'])]],
    ['a logistic that is scaled', [onnxNode('MatMul', ['input', 'w'], ['y']), onnxNode('Sigmoid', ['y'], ['s']), onnxNode('Mul', ['s', 'b'], ['z'])]],
  ])('refuses %s', (_name, nodes) => {
    expect(refusalOf(() => loadExplainer(onnxModel({ inputs: 2, outputs: ['z'], constants: [w, b], nodes }), background))).toEqual({ code: 'WEIR_MODEL_INVALID', fields: ['output'] });
  });

  it('refuses a background that does not fit', () => {
    expect(refusalOf(() => loadExplainer(models[0]![1], []))).toEqual({ code: 'WEIR_INPUT_INVALID', fields: ['columns'] });
    expect(refusalOf(() => loadExplainer(models[0]![1], [[1, 2, 3]]))).toEqual({ code: 'WEIR_INPUT_INVALID', fields: ['columns'] });
  });
});
