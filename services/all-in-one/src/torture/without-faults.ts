import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { repositoryRoot } from '../folders';
import { digestOfLine } from './verdict-digest';

const run = promisify(execFile);

/** Decides the file in a process of its own, without faults, servers or services: `weir decide`. */
export async function decideOffline(options: { readonly definitions: string; readonly events: string; readonly out: string; readonly tokenKey: string }): Promise<void> {
  const { definitions, events, out, tokenKey } = options;
  await run(process.execPath, ['--disable-warning=ExperimentalWarning', join(repositoryRoot(), 'dist/services/all-in-one/src/main.js'), 'decide', '--definitions', definitions, '--events', events, '--out', out], { env: { ...process.env, WEIR_TOKEN_KEY: tokenKey } });
}

/** Digests of a file of verdicts by transaction, and each line without its id. */
export async function* verdictsOf(file: string): AsyncGenerator<{ readonly transactionId: string; readonly digest: string; readonly text: string }> {
  for await (const line of createInterface({ input: createReadStream(file) })) if (line !== '') yield { ...digestOfLine(line), text: line.replace(/"id":"d-\d+-\d+",?/, '') };
}
