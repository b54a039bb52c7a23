import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Command } from 'commander';
import { WeirError } from '@weir/contracts';
import { Client } from '../client';
import { Progress, say } from '../terminal';
import { remote, type RemoteFlags } from './remote';

/** Every verdict of a running suite, in lane order: to be compared with a run of the same events elsewhere. */
export function registerDecisionsExport(program: Command): void {
  remote(program.command('decisions').description('every verdict of a running suite in lane order, a line of canonical JSON each; without `id` they are those of `weir decide` over the same events').requiredOption('--out <file>', '- is standard output'))
    .action(async (flags: RemoteFlags & { readonly out: string }) => {
      const response = await new Client(flags).send('GET', '/decisions/export');
      if (response.body === null) throw new WeirError('WEIR_USAGE', 'the suite answered nothing');
      const progress = new Progress('fetching decisions', undefined);
      let lines = 0;
      const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
        for await (const chunk of chunks) {
          for (const byte of chunk) if (byte === newline) lines += 1;
          progress.at(lines);
          yield chunk;
        }
      };
      await pipeline(Readable.fromWeb(response.body as ReadableStream<Uint8Array>), counted, flags.out === '-' ? process.stdout : createWriteStream(flags.out), { end: flags.out !== '-' });
      progress.end();
      say(`${lines} decisions${flags.out === '-' ? '' : ` into ${flags.out}`}`);
    });
}

const newline = 10;
