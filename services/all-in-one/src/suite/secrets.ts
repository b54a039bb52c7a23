import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { WeirError } from '@weir/contracts';

const keyBytes = 32;

/**
 * The key under which values become tokens: `WEIR_TOKEN_KEY` (hex or base64, 16 bytes or more), else one made at the first start and kept in a file
 * that only its owner may read. Live and history share it: with another key the same card would be a stranger.
 */
export function tokenKey(path: string, env: NodeJS.ProcessEnv): Uint8Array { return keyOf('WEIR_TOKEN_KEY', path, env); }

/** The key that webhooks are signed with: `WEIR_WEBHOOK_KEY`, else one of its own in a file; given and kept as the key for tokens is. */
export function webhookKey(path: string, env: NodeJS.ProcessEnv): Uint8Array { return keyOf('WEIR_WEBHOOK_KEY', path, env); }

function keyOf(name: string, path: string, env: NodeJS.ProcessEnv): Uint8Array {
  const given = env[name];
  if (given !== undefined) {
    const bytes = /^[0-9a-fA-F]+$/.test(given) && given.length % 2 === 0 ? Buffer.from(given, 'hex') : Buffer.from(given, 'base64');
    if (bytes.length < 16) throw new WeirError('WEIR_USAGE', `${name}: at least 16 bytes as hex or base64 are expected, got ${bytes.length}`);
    return bytes;
  }
  if (existsSync(path)) return Buffer.from(readFileSync(path, 'utf8').trim(), 'hex');
  const made = randomBytes(keyBytes);
  writeFileSync(path, made.toString('hex'), { mode: 0o600 });
  return made;
}
