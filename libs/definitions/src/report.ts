import type { Path } from './documents';

/** Says what is wrong at a place of the document being resolved. */
export type Report = (path: Path, expected: string, got: string) => void;
