export { loadTreeEnsemble } from './trees/load-tree-ensemble';
export { TreeExplainer } from './trees/tree-explainer';
export type { TreeEnsemble } from './trees/tree-ensemble';
export type { Explainer, Explanation } from './explanation';
export { loadExplainer } from './load-explainer';
export { answerExplainFile, type ExplainLine } from './explain-file';
export { readNumericCsv } from './numeric-csv';
