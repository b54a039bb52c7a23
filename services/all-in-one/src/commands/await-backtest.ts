import { setTimeout as pause } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import { ProblemError, type Client } from '../client';
import { Interrupted, Progress, say } from '../terminal';
import { objectOf, type JsonObject } from './remote';

const pollEveryMs = 250;

/** Starts a back-test in a running suite and waits for its report. Aborted, it is cancelled there. @throws WeirError where it failed or was cancelled by somebody; the signal's reason where it was by it. */
export async function awaitBacktest(client: Client, body: unknown, { title, signal }: { readonly title: string; readonly signal?: AbortSignal }): Promise<JsonObject> {
  let state = objectOf(await client.json('POST', '/backtests', body));
  const path = `/backtests/${encodeURIComponent(String(state['id']))}`;
  let progress: Progress | undefined;
  try {
    while (state['status'] === 'running') {
      await pause(pollEveryMs, undefined, signal === undefined ? {} : { signal }).catch(() => cancel(client, path));
      state = objectOf(await client.json('GET', path));
      const { records, of } = objectOf(state['progress']);
      progress ??= typeof of === 'number' ? new Progress(title, of) : undefined;
      progress?.at(Number(records));
    }
  } finally {
    progress?.end();
  }
  if (state['status'] === 'cancelled') throw signal?.aborted === true ? signal.reason : new WeirError('WEIR_CONFLICT', 'it was cancelled');
  if (state['status'] !== 'done') throw new WeirError('WEIR_INPUT_INVALID', `it failed: ${String(state['error'])}`);
  return objectOf(state['report']);
}

/** The same for a command: Ctrl-C cancels it in the suite, a second one ends the command at once. */
export async function backtestOf(client: Client, body: unknown, title: string): Promise<JsonObject> {
  const abort = new AbortController();
  const end = (name: 'SIGINT' | 'SIGTERM'): void => {
    const interrupted = new Interrupted(name);
    if (abort.signal.aborted) process.exit(interrupted.exitCode);
    say('cancelling; a second signal ends at once');
    abort.abort(interrupted);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  try {
    return await awaitBacktest(client, body, { title, signal: abort.signal });
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

async function cancel(client: Client, path: string): Promise<void> {
  try {
    await client.json('DELETE', path);
  } catch (error) {
    // It has ended meanwhile, which is what is read next.
    if (!(error instanceof ProblemError) || error.status !== 409) throw error;
  }
}
