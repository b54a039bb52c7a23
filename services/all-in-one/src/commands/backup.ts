import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { takeBackup } from '../backup/take-backup';
import { restoreBackup } from '../backup/restore-backup';
import { runningData } from '../client';
import { workFolder } from '../folders';
import { say } from '../terminal';

/** All that a suite keeps in its folder, as another folder with the hash of each file; the suite may be running. */
export function registerBackup(program: Command): void {
  program.command('backup').description("copies a suite's data into a new folder, with the hash of each file, while it runs or not").argument('<folder>', 'made here; must not be there yet').option('--data <dir>', 'what to copy (default: of the suite that runs here, else .weir/data)').option('--json', 'the figures as a JSON line')
    .action(async (folder: string, flags: { readonly data?: string; readonly json?: boolean }) => {
      const data = resolve(flags.data ?? runningData() ?? join(workFolder(), 'data')), target = resolve(folder);
      const { files, lanes } = await takeBackup({ data, target, env: process.env });
      if (flags.json === true) process.stdout.write(`${JSON.stringify({ folder: target, files: Object.keys(files).length, lanes })}\n`);
      else say(`${Object.keys(files).length} files of ${data} are in ${target}${lanes.map(({ lane, log }) => `, lane ${lane} up to ${log.next - 1}`).join('')}; it holds the key of the tokens: keep it as safe as the data`);
    });
  program.command('restore').description('checks a backup and makes it the data of a suite that is not there yet').argument('<folder>', 'as `backup` wrote it').option('--data <dir>', 'made here (default .weir/data)')
    .action(async (folder: string, flags: { readonly data?: string }) => {
      const data = resolve(flags.data ?? join(workFolder(), 'data'));
      say(`${await restoreBackup(resolve(folder), data)} files are restored: weir up --data ${data}`);
    });
}
