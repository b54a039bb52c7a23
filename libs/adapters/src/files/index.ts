export { readLineBatches, readRowBatches, writeRows, rowFormatOf, fileBatchRows, type FileRow, type RowFormat } from './row-files';
