#!/usr/bin/env node
/**
 * Real Kafka, Redis and PostgreSQL for tests and trials, each started once and used by all who ask.
 *   servers.cjs up [NAME…]       starts what is not running; prints one JSON line {name: {url, way}} or {name: {unavailable: why}}
 *   servers.cjs status           the same of what runs
 *   servers.cjs down [NAME…]     stops what this script started
 *   servers.cjs run [NAME…] -- COMMAND ARGS…   up, the command, then down what was not up before
 *   servers.cjs own redis|kafka JSON [OWNER]   a server of one suite's own (see own.cjs); prints {id, urls, way} or {unavailable}
 *   servers.cjs way redis|kafka                how one would come; prints {way, host} or {unavailable}
 *   servers.cjs act ID stop|kill|start|pause|resume|remove
 *   servers.cjs tool promtool|prometheus       where the program is, installed where it was not; prints {path} or {unavailable}
 *   servers.cjs kafka-tool CLASS ARGUMENT…  runs one of Kafka's own tools from its jars, e.g. org.apache.kafka.tools.ProducerPerformance
 *   servers.cjs engine           brings up a container engine with docker compose where none answers; prints what a shell must set to use it
 *   servers.cjs engine down      stops the engine that was started here
 *   servers.cjs images [NAME…]   builds stand-ins of images where none can be pulled (names: those of images.cjs)
 * Names: kafka redis redis-cluster postgres (default: all).
 * WEIR_TEST_SERVERS says how: `auto` (default) takes the first of: a server of yours (WEIR_TEST_KAFKA=host:port, WEIR_TEST_REDIS, WEIR_TEST_REDIS_CLUSTER,
 * WEIR_TEST_POSTGRES=URL); a container, where an engine answers and has the official images or can pull them; a process of this machine, from the package
 * registries (Debian packages, Maven). `containers`: nothing but containers; as root on Debian an engine is installed and started where none answers, and stand-ins
 * are built where images can't be pulled. `processes`: nothing but processes. `none`: nothing but yours.
 * Everything is kept below WEIR_SERVERS_DIR (default ~/.cache/weir/servers).
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ServersError, answers, runs, say, sleep, stopProcess } = require('./process.cjs');
const { Containers, engineHost } = require('./containers.cjs');
const { OwnServers } = require('./own.cjs');
const standIns = require('./stand-ins.cjs');

const folder = process.env.WEIR_SERVERS_DIR ?? path.join(os.homedir(), '.cache', 'weir', 'servers');
const statePath = path.join(folder, 'state.json');
const lockWaitMsMax = 10 * 60_000;
const containers = new Containers(folder);
const ownServers = new OwnServers(folder);
const ways = ['auto', 'containers', 'processes', 'none'];
const local = {
  kafka: () => require('./kafka.cjs').start(folder),
  redis: () => require('./redis.cjs').start(folder),
  'redis-cluster': () => require('./redis.cjs').startCluster(folder),
  postgres: () => require('./postgres.cjs').start(folder),
};
const names = Object.keys(local);
/** Brings what a process of the server needs, and starts none. */
const prepareProcess = { kafka: () => { require('./kafka.cjs').jars(folder); return {}; }, redis: () => { require('./redis.cjs').server(); return {}; } };

const readState = () => { try { return JSON.parse(fs.readFileSync(statePath, 'utf8')); } catch { return {}; } };
const writeState = (state) => fs.writeFileSync(statePath, JSON.stringify(state, null, 1));

/** One process at a time starts or stops. */
async function locked(work) {
  fs.mkdirSync(folder, { recursive: true });
  const lock = path.join(folder, 'lock'), startedAt = Date.now();
  for (;;) {
    try { fs.writeFileSync(lock, String(process.pid), { flag: 'wx' }); break; } catch {
      let owner = NaN;
      try { owner = Number(fs.readFileSync(lock, 'utf8')); } catch { continue; }
      if (owner > 0 && !runs(owner)) { fs.rmSync(lock, { force: true }); continue; }
      if (Date.now() - startedAt > lockWaitMsMax) throw new ServersError(`process ${owner} holds ${lock}`);
      await sleep(100);
    }
  }
  try { return await work(); } finally { fs.rmSync(lock, { force: true }); }
}

async function isUp(entry) {
  if (entry === undefined) return false;
  if (entry.container !== undefined) return containers.isRunning(entry.container);
  return runs(entry.pid) && answers('127.0.0.1', entry.port);
}

async function startOne(name) {
  const yours = process.env[`WEIR_TEST_${name.toUpperCase().replace('-', '_')}`];
  if (yours !== undefined) return { way: 'yours', url: yours };
  return byFirstWay(name, { container: () => containers.start(name), process: () => local[name]() });
}

/** What the first way gives that is allowed and possible, or why none was. */
async function byFirstWay(name, make) {
  const wanted = process.env.WEIR_TEST_SERVERS ?? 'auto';
  if (!ways.includes(wanted)) throw new ServersError(`WEIR_TEST_SERVERS=${wanted}: one of ${ways.join(', ')} is expected`);
  if (wanted === 'none') return { unavailable: 'WEIR_TEST_SERVERS=none' };
  const reasons = [];
  if (wanted !== 'processes') {
    try {
      if (await containers.available(name, { force: wanted === 'containers' })) return { way: 'container', ...(await make.container()) };
      reasons.push('no container engine with the image');
    } catch (error) { reasons.push(`as a container: ${error.message}`); }
  }
  if (wanted !== 'containers') {
    try { return { way: 'process', ...(await make.process()) }; } catch (error) { reasons.push(error.message); }
  }
  return { unavailable: reasons.join('; ') };
}

async function up(wanted) {
  const state = readState(), result = {};
  for (const name of wanted) {
    if (!(await isUp(state[name]))) {
      const startedAt = Date.now(), entry = await startOne(name);
      if (entry.unavailable === undefined && entry.way !== 'yours') {
        state[name] = entry;
        writeState(state);
        say(`${name} is up after ${((Date.now() - startedAt) / 1000).toFixed(1)} s (${entry.way}): ${entry.url}`);
      }
      result[name] = entry;
    } else result[name] = state[name];
  }
  return result;
}

async function down(wanted) {
  const state = readState();
  await ownServers.removeOrphans();
  for (const name of wanted) {
    const entry = state[name];
    if (entry === undefined) continue;
    if (entry.container !== undefined) containers.remove(entry.container);
    // A number that was given to another process since must not be stopped: the port tells.
    else if (await isUp(entry)) await Promise.all((entry.pids ?? [entry.pid]).map((pid) => stopProcess(pid)));
    delete state[name];
    writeState(state);
  }
}

const shown = (result) => JSON.stringify(Object.fromEntries(Object.entries(result).map(([name, { url, way, unavailable }]) => [name, unavailable === undefined ? { url, way } : { unavailable }])));

async function main([command, ...args]) {
  const split = args.indexOf('--');
  const wanted = (split < 0 ? args : args.slice(0, split)).filter((arg) => arg !== '--json');
  if (command === 'way') {
    const { unavailable, way, host = '127.0.0.1' } = await byFirstWay(wanted[0], { container: async () => ({ host: await engineHost() }), process: () => prepareProcess[wanted[0]]() });
    process.stdout.write(`${JSON.stringify(unavailable === undefined ? { way, host } : { unavailable })}\n`);
    return undefined;
  }
  if (command === 'tool') return locked(() => {
    let found;
    try { found = { path: require('./promtool.cjs').tool(wanted[0]) }; } catch (error) { found = { unavailable: error.message }; }
    process.stdout.write(`${JSON.stringify(found)}\n`);
  });
  if (command === 'own') return own(wanted);
  if (command === 'act') { containersEnv(); return ownServers.act(...wanted); }
  if (command === 'engine') return engine(wanted);
  if (command === 'kafka-tool') { process.exitCode = require('./kafka.cjs').tool(folder, args); return undefined; }
  if (command === 'images') return buildImages(wanted);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new ServersError(`there is no server ${unknown}; there are ${names.join(', ')}`);
  const which = wanted.length > 0 ? wanted : names;
  if (command === 'up') process.stdout.write(`${shown(await locked(() => up(which)))}\n`);
  else if (command === 'down') await locked(() => down(which));
  else if (command === 'status') {
    const state = readState(), result = {};
    for (const name of which) if (await isUp(state[name])) result[name] = state[name];
    process.stdout.write(`${shown(result)}\n`);
  } else if (command === 'run' && split >= 0 && args.length > split + 1) {
    const before = readState();
    const ours = [];
    for (const name of which) if (!(await isUp(before[name]))) ours.push(name);
    await locked(() => up(which));
    const [program, ...rest] = args.slice(split + 1);
    const { status } = spawnSync(program, rest, { stdio: 'inherit' });
    await locked(() => down(ours));
    process.exitCode = status ?? 1;
  } else throw new ServersError('up, down, status, run NAME… -- COMMAND, engine or images');
}

async function own([kind, json, owner = String(process.ppid)]) {
  const make = (way) => ownServers.make(kind, JSON.parse(json), way, Number(owner));
  const made = await byFirstWay(kind, { container: () => make('container'), process: () => make('process') });
  process.stdout.write(`${JSON.stringify({ id: made.id, urls: made.urls, way: made.way, unavailable: made.unavailable })}\n`);
}

/** For `docker` as it is called from here on. */
function containersEnv() { Object.assign(process.env, containers.engine.running() ?? {}); }

async function engine([what]) {
  if (what === 'down') return containers.engine.down();
  const env = await locked(() => containers.engine.up());
  containers.engine.plugins(env);
  for (const [name, value] of Object.entries(env)) process.stdout.write(`export ${name}='${value}'\n`);
}

async function buildImages(wanted) {
  const env = await locked(() => containers.engine.up());
  for (const name of wanted.length > 0 ? wanted : standIns.names()) process.stdout.write(`${await locked(() => standIns.ensure(name, folder, env))}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  if (!(error instanceof ServersError)) throw error;
  process.stderr.write(`servers: ${error.message}\n`);
  process.exitCode = 2;
});
