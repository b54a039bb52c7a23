import { WeirError } from '@weir/contracts';
import { parse } from 'csv-parse/sync';

/** Rows of a file of model inputs. */
const csvRowsMax = 5_000_000;

/**
 * Rows of a CSV with a header, columns by position. An empty cell is missing (NaN), as are `NaN` and `null`.
 * @throws WeirError WEIR_INPUT_INVALID naming line and column of a cell that is no number, or a row of another length.
 */
export function readNumericCsv(text: string, file: string): { readonly columns: readonly string[]; readonly rows: readonly Float64Array[] } {
  const records = parseRecords(text, file);
  const [columns, ...cells] = records;
  if (columns === undefined) throw wrong(file, 'header', 'a line with the names of the columns', 'an empty file');
  if (cells.length > csvRowsMax) throw wrong(file, 'rows', `at most ${csvRowsMax}`, String(cells.length));
  return { columns, rows: cells.map((row, index) => Float64Array.from(row, (cell, column) => numberOf(cell, { file, line: index + 2, column: columns[column] ?? String(column) }))) };
}

function parseRecords(text: string, file: string): string[][] {
  try {
    return parse(text, { bom: true, trim: true, skip_empty_lines: false, skip_records_with_empty_values: false, relax_column_count: false });
  } catch (error) {
    throw wrong(file, 'rows', 'as many cells as the header has', error instanceof Error ? error.message : String(error));
  }
}

function numberOf(cell: string, place: { file: string; line: number; column: string }): number {
  if (cell === '' || /^(nan|null)$/i.test(cell)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(cell);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(cell);
  if (Number.isNaN(value)) throw wrong(`${place.file}:${place.line}`, place.column, 'a number', JSON.stringify(cell));
  return value;
}

function wrong(where: string, field: string, expected: string, got: string): WeirError {
  return new WeirError('WEIR_INPUT_INVALID', `${where}: ${field}: ${expected} expected, got ${got}`, { findings: [{ where, field, expected, got }] });
}
