/** A Redis server of this machine that saves nothing, and three masters of a cluster where they are asked for. */
const fs = require('node:fs');
const path = require('node:path');
const { aptInstall, answers, freePort, run, startDetached, until, which } = require('./process.cjs');

function server() {
  if (which('redis-server') === undefined) aptInstall('redis-server');
  return which('redis-server');
}

async function startOne(folder, name, ...more) {
  const binary = server(), port = await freePort(), data = path.join(folder, name), log = path.join(data, 'log');
  fs.rmSync(data, { recursive: true, force: true });
  fs.mkdirSync(data, { recursive: true });
  const pid = startDetached(binary, ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--save', '', ...more], log);
  await until(() => answers('127.0.0.1', port), 60_000, 'Redis', log);
  return { pid, port, url: `redis://127.0.0.1:${port}` };
}

const start = (folder) => startOne(folder, 'run-redis');

async function startCluster(folder) {
  const nodes = [];
  for (const number of [1, 2, 3]) nodes.push(await startOne(folder, `run-redis-cluster-${number}`, '--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', '15000'));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  await until(() => nodes.every(({ port }) => run('redis-cli', ['-p', String(port), 'cluster', 'info']).includes('cluster_state:ok')), 120_000, 'the Redis cluster');
  return { pid: nodes[0].pid, pids: nodes.map(({ pid }) => pid), port: nodes[0].port, url: addresses.map((address) => `redis://${address}`).join(',') };
}

module.exports = { start, startCluster, server };
