import Sqlite from 'better-sqlite3';

/** Copies a SQLite file as it stands at one moment; whoever writes it, in this process or another, goes on meanwhile. The target must not be there. */
export function copyDatabase(from: string, to: string): void {
  const file = new Sqlite(from, { readonly: true, fileMustExist: true });
  try { file.prepare('VACUUM INTO ?').run(to); } finally { file.close(); }
}
