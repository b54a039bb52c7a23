// Prints a file of definitions with, beside every live rule and pattern, the same one in shadow: named `shadow_…`, without weight, outcome and actions.
//   node with-shadows.mjs DEFINITIONS.yaml
import { readFileSync } from 'node:fs';

const effects = new Set(['mode', 'weight', 'outcome', 'then']);
const text = readFileSync(process.argv[2], 'utf8');
const shadows = text.split(/^---\s*$/m).flatMap((document) => {
  if (!/^kind: (Rule|Pattern)$/m.test(document) || /^mode: (shadow|off)$/m.test(document)) return [];
  const lines = document.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !effects.has(/^(\w+):/.exec(line)?.[1] ?? ''));
  return [[...lines.map((line) => line.replace(/^name: /, 'name: shadow_')), 'mode: shadow', ''].join('\n')];
});
process.stdout.write([text.trimEnd() + '\n', ...shadows].join('---\n'));
