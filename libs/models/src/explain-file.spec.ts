import { refusalOf } from './testing/weir-error';
import { onnxModel, onnxNode } from './testing/onnx-writer';
import { answerExplainFile } from './explain-file';
import { readNumericCsv } from './numeric-csv';

const bytes = onnxModel({ inputs: 2, outputs: ['z'], nodes: [onnxNode('LinearRegressor', ['input'], ['z'], { coefficients: { floats: [1, 2] }, intercepts: { floats: [0.5] } })] });

describe('answerExplainFile', () => {
  it('answers a line per row, in order, and null where the model has no answer', () => {
    const lines = [...answerExplainFile(bytes, 'a,b\n1,1\n', 'a,b\r\n2,1\r\n,1\n')];
    expect(lines).toEqual([{ p: 4.5, margin: 4.5, base: 3.5, contributions: [1, 0] }, { p: null, margin: null, base: 3.5, contributions: [null, 0] }]);
  });

  it.each([
    ['rows of another width', 'a,b\n1,1\n', 'a\n1\n', 'columns'],
    ['a background of another width', 'a\n1\n', 'a,b\n1,1\n', 'columns'],
    ['a cell that is no number', 'a,b\n1,1\n', 'a,b\n1,x\n', 'b'],
    ['a row that is too short', 'a,b\n1,1\n', 'a,b\n1\n', 'rows'],
    ['an empty file', 'a,b\n1,1\n', '', 'header'],
  ])('refuses %s', (_name, background, rows, field) => {
    expect(refusalOf(() => [...answerExplainFile(bytes, background, rows)])).toEqual({ code: 'WEIR_INPUT_INVALID', fields: [field] });
  });
});

describe('readNumericCsv', () => {
  it('reads numbers as doubles, empty cells as missing', () => {
    const { columns, rows } = readNumericCsv('\uFEFF"a", b,c,d\n1e3,"-0.5",,inf\n', 'f');
    expect(columns).toEqual(['a', 'b', 'c', 'd']);
    expect(rows.map((row) => [...row])).toEqual([[1000, -0.5, Number.NaN, Number.POSITIVE_INFINITY]]);
  });

  it('keeps a line that has one empty cell, for that is a row of one missing value', () => {
    expect(readNumericCsv('a\n1\n""\n2\n', 'f').rows).toHaveLength(3);
  });
});
