/**
 * Brings what Weir runs on, each step only where it is not there yet: Node 24 (from the npm registry, where the machine's own is
 * older), the packages of the lock file, the compiled services, the console. Runs on Node 20 and needs nothing installed.
 * Prints the path of the Node to use on standard output; everything else goes to standard error.
 */
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const requiredMajor = 24;
const lockWaitMsMax = 15 * 60_000;
const say = (text) => process.stderr.write(`weir: ${text}\n`);

class PrepareError extends Error {}

function npm(args, cwd, nodePath) {
  const env = { ...process.env, PATH: `${path.dirname(nodePath)}${path.delimiter}${process.env.PATH}` };
  const result = spawnSync('npm', args, { cwd, env, stdio: ['ignore', 2, 2] });
  if (result.error?.code === 'ENOENT') throw new PrepareError('npm is missing. It comes with Node.js; install Node 20 or newer with npm.');
  if (result.status !== 0) throw new PrepareError(`npm ${args[0]} failed in ${path.relative(root, cwd) || 'the project'} (see above). It needs the npm registry: is the network up?`);
}

/** The path of a Node of at least 24. */
function ensureNode() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major >= requiredMajor) return process.execPath;
  if (major < 20) throw new PrepareError(`Node ${process.versions.node} is too old: 20 or newer is needed to start.`);
  const home = path.join(__dirname, 'runtime');
  const name = `node-${process.platform}-${process.arch}`;
  const nodePath = path.join(home, 'node_modules', name, 'bin', 'node');
  if (!fs.existsSync(nodePath)) {
    say(`Node ${process.versions.node} is here, ${requiredMajor} is needed: fetching it for this project (190 MB on disk) …`);
    npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], home, process.execPath);
    if (!fs.existsSync(nodePath)) throw new PrepareError(`there is no Node ${requiredMajor} for ${process.platform} ${process.arch} in the npm registry: install Node ${requiredMajor} yourself.`);
  }
  return nodePath;
}

const hashOf = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
const readOr = (file, otherwise) => { try { return fs.readFileSync(file, 'utf8'); } catch { return otherwise; } };

function ensurePackages(nodePath) {
  const stamp = path.join(root, 'node_modules', '.weir-lock');
  const wanted = hashOf(path.join(root, 'package-lock.json'));
  if (readOr(stamp, '') === wanted) return;
  say('installing the packages of the lock file (1 GB on disk, about a minute) …');
  // Not `ci`: it refuses a lock file that lacks an optional binary of another platform. Versions and hashes are the lock file's all the same.
  npm(['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], root, nodePath);
  fs.writeFileSync(stamp, wanted);
}

/** Names, sizes and times of the files below the folders, as one hash: cheap, and changes whenever a file does. */
function fingerprint(folders, wanted) {
  const hash = createHash('sha256');
  const visit = (folder) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) { if (entry.name !== 'node_modules') visit(full); continue; }
      if (!wanted(full)) continue;
      const { size, mtimeMs } = fs.statSync(full);
      hash.update(`${full}\0${size}\0${mtimeMs}\n`);
    }
  };
  folders.filter((folder) => fs.existsSync(folder)).forEach(visit);
  return hash.digest('hex');
}

const consoleFolder = path.join(root, 'services', 'gateway', 'console');
const isServerSource = (file) => file.endsWith('.ts') && !file.startsWith(consoleFolder);

function run(nodePath, args, cwd, what) {
  const result = spawnSync(nodePath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (result.status !== 0) throw new PrepareError(`${what} failed:\n${result.stdout}${result.stderr}`);
}

function ensureServices(nodePath) {
  const stamp = path.join(root, 'dist', '.services');
  const wanted = fingerprint([path.join(root, 'libs'), path.join(root, 'services')], isServerSource) + hashOf(path.join(root, '.swcrc'));
  if (readOr(stamp, '') === wanted) return;
  // Compiled beside and swapped in, so that another process that starts meanwhile finds the one or the other whole.
  const next = path.join(root, 'dist', '.next');
  const former = path.join(root, 'dist', '.former');
  for (const folder of [next, former]) fs.rmSync(folder, { recursive: true, force: true });
  run(nodePath, [path.join(root, 'node_modules', '@swc', 'cli', 'bin', 'swc.js'), 'libs', 'services', '-d', path.join('dist', '.next'), '--ignore', '**/*.spec.ts,**/console/**,**/node_modules/**'], root, 'compiling');
  fs.mkdirSync(former, { recursive: true });
  for (const folder of ['libs', 'services']) {
    const place = path.join(root, 'dist', folder);
    if (fs.existsSync(place)) fs.renameSync(place, path.join(former, folder));
    fs.renameSync(path.join(next, folder), place);
  }
  for (const folder of [next, former]) fs.rmSync(folder, { recursive: true, force: true });
  fs.writeFileSync(stamp, wanted);
}

function ensureConsole(nodePath) {
  if (!fs.existsSync(path.join(consoleFolder, 'index.html'))) return;
  const stamp = path.join(root, 'dist', '.console');
  const wanted = fingerprint([consoleFolder], () => true);
  if (readOr(stamp, '') === wanted) return;
  say('building the console …');
  run(nodePath, [path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'error'], consoleFolder, 'building the console');
  fs.writeFileSync(stamp, wanted);
}

/** One preparation at a time; a lock whose owner is gone is taken over. */
function locked(work) {
  const lock = path.join(root, '.weir', 'prepare.lock');
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  const startedAt = Date.now();
  for (;;) {
    try { fs.writeFileSync(lock, String(process.pid), { flag: 'wx' }); break; } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(readOr(lock, '0'));
      let alive = true;
      try { if (owner > 0) process.kill(owner, 0); } catch (gone) { alive = gone.code === 'EPERM'; }
      if (!alive) { fs.rmSync(lock, { force: true }); continue; }
      if (Date.now() - startedAt > lockWaitMsMax) throw new PrepareError(`another start (process ${owner}) has been preparing for ${lockWaitMsMax / 60_000} minutes: end it, or remove ${lock}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try { return work(); } finally { fs.rmSync(lock, { force: true }); }
}

/** Everything in order. @returns the path of the Node to run. */
function prepare({ console: withConsole = true } = {}) {
  return locked(() => {
    const nodePath = ensureNode();
    ensurePackages(nodePath);
    ensureServices(nodePath);
    if (withConsole) ensureConsole(nodePath);
    return nodePath;
  });
}

module.exports = { prepare, ensureNode, root, PrepareError };

if (require.main === module) {
  try { process.stdout.write(prepare()); } catch (error) {
    if (!(error instanceof PrepareError)) throw error;
    say(error.message);
    process.exit(2);
  }
}
