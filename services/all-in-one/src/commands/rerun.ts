import type { Command } from 'commander';
import { canonicalJson } from '@weir/definitions';
import { Client } from '../client';
import { exitCodes, say } from '../terminal';
import { objectOf, print, remote, type RemoteFlags } from './remote';

/** The same decision again from its record; exit 1 when a byte differs. */
export function registerRerun(program: Command): void {
  remote(program.command('rerun').description('the same decision again from its record alone; exit 1 when a byte differs').argument('<decision_id>', 'e.g. d-0-17')).action(async (id: string, flags: RemoteFlags) => {
    const answer = objectOf(await new Client(flags).json('GET', `/decisions/${encodeURIComponent(id)}/rerun`));
    const same = answer['same'] === true;
    print(flags.json ? JSON.stringify(answer) : canonicalJson(answer['verdict']));
    say(same ? `${id} came out the same, byte for byte` : `${id} came out differently from what was stored`);
    if (!same) process.exitCode = exitCodes.difference;
  });
}
