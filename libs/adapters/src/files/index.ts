export { readLineBatches, readRowBatches, writeRows, rowFormatOf, type FileRow, type RowFormat } from './row-files';
