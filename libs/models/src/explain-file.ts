import type { Explainer } from './explanation';
import { loadExplainer } from './load-explainer';
import { readNumericCsv } from './numeric-csv';
import { WeirError } from '@weir/contracts';

/** A line of `weir explain --model … --background … --rows …`. */
export interface ExplainLine {
  readonly p: number | null;
  readonly margin: number | null;
  readonly base: number;
  /** In the order of the inputs. */
  readonly contributions: readonly (number | null)[];
}

/**
 * Explains the rows of a CSV one after the other.
 * @throws WeirError WEIR_MODEL_INVALID for a model that is not reproduced exactly, WEIR_INPUT_INVALID for a file that does not fit it.
 */
export function* answerExplainFile(modelBytes: Uint8Array, backgroundCsvText: string, rowsCsvText: string): Generator<ExplainLine, void, undefined> {
  const background = readNumericCsv(backgroundCsvText, 'background').rows;
  const { columns, rows } = readNumericCsv(rowsCsvText, 'rows');
  const explainer = loadExplainer(modelBytes, background, rows.length < tablesPayFromRows ? { tableBytesMax: 0 } : {});
  checkWidth(explainer, columns.length, 'rows');
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    for (const { p, margin, base, contributions } of explainer.explainAll(rows.slice(from, from + rowsAtOnce))) {
      yield { p: numberOrNull(p), margin: numberOrNull(margin), base, contributions: Array.from(contributions, numberOrNull) };
    }
  }
}

/** Preparing tables costs as much as explaining about this many rows without them. */
const tablesPayFromRows = 1_000;
const rowsAtOnce = 512;

function checkWidth(explainer: Explainer, width: number, where: string): void {
  if (width === explainer.inputs) return;
  const finding = { where, field: 'columns', expected: String(explainer.inputs), got: String(width) };
  throw new WeirError('WEIR_INPUT_INVALID', `${where}: ${finding.expected} columns expected, got ${finding.got}`, { findings: [finding] });
}

/** JSON has no NaN; a model that answers NaN has no answer. */
const numberOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
