import { execFileSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { join } from 'node:path';

/** The priority that a process begun with `nice` has after it asked for 7. */
function priorityOf(begunWith: number): number {
  const source = `import { getPriority } from 'node:os'; import { lowerPriority } from ${JSON.stringify(join(__dirname, 'lower-priority.ts'))}; lowerPriority(7); console.log(getPriority(0));`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '--input-type=module-typescript', '-e', source];
  return Number(execFileSync('nice', ['-n', String(begunWith), ...node], { encoding: 'utf8' }));
}

(process.platform === 'linux' ? describe : describe.skip)('A thread of low priority', () => {
  const here = getPriority(0);
  it('is below the others', () => { expect(priorityOf(0)).toBe(Math.max(7, here)); });
  it('stays where it is where it is lower already: most may not raise themselves', () => { expect(priorityOf(12)).toBe(Math.min(19, here + 12)); });
});
