/** Starting, watching and stopping what the tests run against. */
const { spawn, spawnSync } = require('node:child_process');
const { randomInt } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');

class ServersError extends Error {}

const say = (text) => process.stderr.write(`servers: ${text}\n`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isRoot = () => process.getuid?.() === 0;

/** Runs to the end and gives what it printed. @throws ServersError with the last lines when it fails. */
function run(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26, ...options });
  if (result.error !== undefined) throw new ServersError(`${command}: ${result.error.message}`);
  if (result.status !== 0) throw new ServersError(`${command} ${args[0] ?? ''} ended with ${result.status ?? result.signal}: ${`${result.stdout}${result.stderr}`.trim().split('\n').slice(-6).join(' / ')}`);
  return result.stdout;
}

/** Where a command is, `undefined` when it is nowhere. */
function which(name, folders = []) {
  return [...folders, ...(process.env.PATH ?? '').split(path.delimiter)].map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** Debian packages, where they may be installed. */
function aptInstall(...packages) {
  if (!isRoot() || which('apt-get') === undefined) throw new ServersError(`${packages.join(', ')} is not installed, and this user can't install Debian packages`);
  say(`installing ${packages.join(', ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['-qq', 'update'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env });
}

/** Below the ports that systems give to outgoing connections, which may take one before its server listens, and 10,000 below the last port, as a cluster of Redis asks. */
const portsFrom = 12_000, portsCount = 20_000, portTriesMax = 100;

/** A port nobody listens on. */
async function freePort() {
  for (let tries = 0; tries < portTriesMax; tries += 1) {
    const port = portsFrom + randomInt(portsCount);
    if (await isFree(port)) return port;
  }
  throw new ServersError(`none of ${portTriesMax} ports from ${portsFrom} on is free`);
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function answers(host, port, timeoutMs = 10_000) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (ok) => { socket.destroy(); resolve(ok); };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function runs(pid) {
  try { process.kill(pid, 0); return true; } catch (error) { return error.code === 'EPERM'; }
}

/** A process that outlives this one; its output goes to the file, and what it drops where it stands lies beside that. */
function startDetached(command, args, logFile, options = {}) {
  const log = fs.openSync(logFile, 'w');
  const child = spawn(command, args, { cwd: path.dirname(logFile), detached: true, stdio: ['ignore', log, log], ...options });
  fs.closeSync(log);
  child.unref();
  return child.pid;
}

async function until(condition, timeoutMs, what, logFile) {
  const startedAt = Date.now();
  while (!(await condition())) {
    if (Date.now() - startedAt > timeoutMs) throw new ServersError(`${what} did not come up within ${timeoutMs / 1000} s${logFile === undefined ? '' : `: ${lastLines(logFile)}`}`);
    await sleep(50);
  }
}

const lastLines = (file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').slice(-5).join(' / ') : 'nothing logged');

async function stopProcess(pid, timeoutMs = 15_000) {
  if (!runs(pid)) return;
  process.kill(pid, 'SIGTERM');
  const startedAt = Date.now();
  while (runs(pid) && Date.now() - startedAt < timeoutMs) await sleep(50);
  if (runs(pid)) process.kill(pid, 'SIGKILL');
}

module.exports = { ServersError, say, sleep, isRoot, run, which, aptInstall, freePort, answers, runs, startDetached, until, lastLines, stopProcess };
