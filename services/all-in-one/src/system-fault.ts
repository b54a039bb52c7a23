/** In words, what the operating system refused; undefined for an error of another kind. */
export function systemFault(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  if (error.code === 'EADDRINUSE' && 'port' in error) return `port ${String(error.port)} is taken by another process: give another with --port, or --port 0 for a free one`;
  const words = wordsByCode[error.code];
  return words === undefined || path === undefined ? undefined : `${path}: ${words}`;
}

const wordsByCode: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder', ENOTDIR: 'a part of this path is no folder', EISDIR: 'a file is expected, this is a folder', EEXIST: 'is there already',
  EACCES: 'not allowed to be read or written', EPERM: 'not allowed to be read or written', EROFS: 'is on a disk that cannot be written', ENOSPC: 'the disk is full',
};
