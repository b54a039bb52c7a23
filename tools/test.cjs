/**
 * `npm test`: brings what is needed, then checks types, module boundaries and style, and runs every test. Nothing is skipped in
 * silence: each step says what it did, and the last line counts. Arguments go to Jest (then only Jest runs).
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { prepare, root, PrepareError } = require('./prepare.cjs');

const bin = (...parts) => path.join(root, 'node_modules', ...parts);
const jestArgs = process.argv.slice(2);

function step(nodePath, title, args, options = {}) {
  const startedAt = Date.now();
  process.stdout.write(`\n— ${title}\n`);
  const env = { ...process.env, PATH: `${path.dirname(nodePath)}${path.delimiter}${process.env.PATH}`, NX_DAEMON: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
  const result = spawnSync(nodePath, args, { cwd: root, stdio: options.capture ? ['ignore', 'pipe', 'inherit'] : ['ignore', 'inherit', 'inherit'], env, encoding: 'utf8' });
  process.stdout.write(`  ${result.status === 0 ? 'ok' : 'FAILED'}, ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return { ok: result.status === 0, output: result.stdout ?? '' };
}

/** Every folder with a package.json must be a project Nx knows, else its boundaries would not be checked. */
function projectsAreKnown(nodePath) {
  const listed = step(nodePath, 'projects', [bin('nx', 'dist', 'bin', 'nx.js'), 'show', 'projects', '--json'], { capture: true });
  const known = new Set(listed.ok ? JSON.parse(listed.output.slice(listed.output.indexOf('['))) : []);
  const missing = ['libs', 'services'].flatMap((top) => fs.readdirSync(path.join(root, top)))
    .map((name) => `@weir/${name}`).filter((name) => !known.has(name));
  if (missing.length > 0) process.stdout.write(`  not known to Nx, so their boundaries would go unchecked: ${missing.join(', ')}\n`);
  return listed.ok && missing.length === 0;
}

/** The linter must refuse a core lib that imports Nest: a check of the check. */
function boundariesBite(nodePath) {
  const probe = path.join(root, 'libs', 'windows', 'src', 'boundary-probe.ts');
  fs.writeFileSync(probe, "import { Injectable } from '@nestjs/common';\nexport const probe = Injectable;\n");
  try {
    const env = { ...process.env, NX_DAEMON: 'false' };
    const result = spawnSync(nodePath, [bin('eslint', 'bin', 'eslint.js'), probe], { cwd: root, env, encoding: 'utf8' });
    const bites = result.status === 1 && /enforce-module-boundaries/.test(result.stdout);
    process.stdout.write(`\n— a forbidden import is refused\n  ${bites ? 'ok' : `FAILED: the linter let it pass\n${result.stdout}${result.stderr}`}\n`);
    return bites;
  } finally { fs.rmSync(probe, { force: true }); }
}

function jest(nodePath) {
  const report = path.join(root, '.weir', 'jest.json');
  fs.rmSync(report, { force: true });
  const command = [nodePath, '--disable-warning=ExperimentalWarning', bin('jest', 'bin', 'jest.js'), '--json', `--outputFile=${report}`, ...jestArgs];
  // Real servers are brought up for the suites that want them, and taken down again; named tests bring up only what they ask for themselves.
  const ran = jestArgs.length > 0 ? step(nodePath, 'tests', command.slice(1)) : step(nodePath, 'tests, with real Kafka, Redis and PostgreSQL', [path.join(root, 'tools', 'servers', 'servers.cjs'), 'run', '--', ...command]);
  const counts = fs.existsSync(report) ? JSON.parse(fs.readFileSync(report, 'utf8')) : { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numFailedTestSuites: 1 };
  return { ok: ran.ok, passed: counts.numPassedTests, failed: counts.numFailedTests, skipped: counts.numPendingTests };
}

try {
  const nodePath = prepare();
  const checks = jestArgs.length > 0 ? [] : [
    step(nodePath, 'types', [bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'tsconfig.json']).ok,
    step(nodePath, 'types of the console', [bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'services/gateway/console/tsconfig.json']).ok,
    projectsAreKnown(nodePath),
    step(nodePath, 'lint and module boundaries', [bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings', '0']).ok,
    boundariesBite(nodePath),
    step(nodePath, 'Kubernetes manifests', [path.join('deploy', 'kubernetes', 'check.mjs')]).ok,
  ];
  const tests = jest(nodePath);
  const failedChecks = checks.filter((ok) => !ok).length;
  process.stdout.write(`\n${tests.passed + checks.length - failedChecks} passed, ${tests.failed + failedChecks} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}\n`);
  process.exit(tests.ok && failedChecks === 0 ? 0 : 1);
} catch (error) {
  if (!(error instanceof PrepareError)) throw error;
  process.stderr.write(`npm test: ${error.message}\n`);
  process.exit(2);
}
