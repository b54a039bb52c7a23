import type { Command } from 'commander';
import { jsonSchema } from '@weir/definitions';
import { loadDefinitionSet } from '../definition-files';
import { say } from '../terminal';

/** What can be said of definitions without a running suite. */
export function registerValidate(program: Command): void {
  program.command('validate').description('checks definitions as a whole: every finding with its file and line')
    .argument('<path>', 'folder or file of definitions').option('--json', 'the set as one JSON line')
    .action((path: string, flags: { readonly json?: boolean }) => {
      const set = loadDefinitionSet(path);
      const counts = { sources: set.sources.size, entities: set.entities.size, views: set.views.size, services: set.services.size, tables: set.tables.size, patterns: set.patterns.size, rules: set.rules.size, lists: set.lists.size, models: set.models.size, policies: set.policies.size };
      if (flags.json) process.stdout.write(`${JSON.stringify({ valid: true, set: set.id, ...counts })}\n`);
      else say(`valid: ${Object.entries(counts).filter(([, count]) => count > 0).map(([kind, count]) => `${count} ${kind}`).join(', ')}; set ${set.id.slice(0, 12)}`);
    });
  program.command('schema').description('JSON Schema of definitions, for editors')
    .action(() => { process.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`); });
}
