/**
 * Replaces every process of the five services while transactions come in, and says what became of them: a JSON line a replacement, then one of the figures.
 * Callers keep their connections. One that is closed while it was idle, under a request that was just written to it, is made anew and the request sent
 * again, once, as HTTP clients do; everything else that is not answered with 200 or 202 is a failed request.
 *
 *   node rolling-upgrade.mjs --kafka HOST:PORT --redis URL --postgres URL [--rate 50] [--surge]
 *
 * Two of each service; one after the other is stopped and started again, as a StatefulSet does. `--surge`: one of each, a new one is started beside it, and the
 * old one goes. Exit 1 where a request failed, or a transaction was lost or decided twice.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({ options: { kafka: { type: 'string' }, redis: { type: 'string' }, postgres: { type: 'string' }, rate: { type: 'string', default: '50' }, surge: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } } });
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'weir-upgrade-'));
const key = 'weir_key_of_the_rolling_upgrade', prefix = `upgrade-${process.pid}`;
const services = ['ingest', 'feature-store', 'cep', 'scoring', 'gateway'];
const connectionsMax = 64, settledAfterMs = 1_000;
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const running = new Map();
/** Resolves when the service is ready. */
function start(name, instance) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'dist/services/all-in-one/src/main.js'), 'service', name, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env, WEIR_KAFKA_BROKERS: flags.kafka, WEIR_REDIS_URL: flags.redis, WEIR_POSTGRES_URL: flags.postgres, WEIR_DATA: join(folder, 'data'), WEIR_PREFIX: prefix, WEIR_API_KEY: key, WEIR_INSTANCE_ID: String(instance),
      WEIR_HTTP_HOST: '127.0.0.1', WEIR_HTTP_PORT: '0', GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: '0', WEIR_LOG_LEVEL: 'error', WEIR_CHECKPOINT_MS: '200', WEIR_VERIFY_SHARE: '0',
    },
  });
  const exited = new Promise((resolve) => { child.once('exit', (code) => resolve(code)); });
  const ready = new Promise((resolve, reject) => {
    exited.then((code) => reject(new Error(`${name} ${instance} ended with ${code} before it was ready`)));
    createInterface({ input: child.stdout }).on('line', (line) => { if (line.startsWith('{"ready":true')) resolve(JSON.parse(line)); });
  });
  running.set(`${name} ${instance}`, { child, exited, ready });
  return ready;
}

/** A balancer of connections, as a cluster's is: new ones go to the gateways whose /readyz says so, and to the next one where one does not take it. */
const gateways = new Map(), ready = [];
let turn = 0;
const balancer = net.createServer({ pauseOnConnect: true }, (client) => { lead(client, ready.length + 1); });
function lead(client, attempts) {
  const server = net.connect(ready[turn++ % ready.length] ?? 1, '127.0.0.1');
  const refused = () => { if (attempts > 1 && !client.destroyed) lead(client, attempts - 1); else client.destroy(); };
  server.once('error', refused).once('connect', () => {
    server.off('error', refused);
    for (const [one, other] of [[client, server], [server, client]]) one.on('error', () => other.destroy()).on('close', () => other.destroy()).on('end', () => other.end()).on('data', (bytes) => other.write(bytes));
    client.resume();
  });
}
let looking = true;
async function look() {
  while (looking) {
    const now = [];
    for (const port of gateways.values()) if (await fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.ok, () => false)) now.push(port);
    ready.splice(0, ready.length, ...now);
    await sleep(50);
  }
}

const agent = new http.Agent({ keepAlive: true, maxSockets: connectionsMax });
const statuses = {}, failures = [], took = [], sent = [];
let pending = 0, reconnected = 0;
function post(path, body, isAgain = false) {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const end = (status, text) => { statuses[status] = (statuses[status] ?? 0) + 1; took.push(performance.now() - startedMs); resolve({ status, text }); };
    const request = http.request({ agent, host: '127.0.0.1', port: balancer.address().port, path, method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } }, (response) => {
      let text = '';
      response.on('data', (bytes) => { text += bytes; }).on('end', () => end(response.statusCode, text)).on('error', (error) => end(error.code, ''));
    });
    request.on('error', (error) => {
      if (!request.reusedSocket || isAgain) { end(error.code ?? 'error', ''); return; }
      reconnected += 1;
      resolve(post(path, body, true));
    });
    request.end(JSON.stringify(body));
  });
}

let sending = true;
async function load() {
  const startMs = Date.now(), everyMs = 1_000 / Number(flags.rate);
  for (let number = 0; sending; number += 1) {
    await sleep(Math.max(0, startMs + number * everyMs - Date.now()));
    const id = `u-${number}`;
    sent.push(id);
    pending += 1;
    void post('/transactions', { transaction_id: id, event_time: Date.now(), card_id: `card-${number % 50}`, merchant_id: `m-${number % 7}`, device_id: `d-${number % 20}`, amount: 1_000 + number, currency: 'EUR' }).then(({ status, text }) => {
      pending -= 1;
      if (status !== 200 && status !== 202) failures.push({ id, status, text: text.slice(0, 200) });
    });
  }
  while (pending > 0) await sleep(20);
}

async function stop(name, instance) {
  const { child, exited } = running.get(`${name} ${instance}`), startedMs = performance.now(), before = failures.length;
  // As a cluster does: no new connections first (there it is the time of preStop), then the signal.
  const port = gateways.get(`${name} ${instance}`);
  gateways.delete(`${name} ${instance}`);
  while (port !== undefined && ready.includes(port)) await sleep(20);
  child.kill('SIGTERM');
  const code = await exited;
  running.delete(`${name} ${instance}`);
  say({ replaced: `${name} ${instance}`, stop_ms: Math.round(performance.now() - startedMs), exit: code, failed: failures.length - before });
  if (code !== 0) failures.push({ service: name, exit: code });
}

async function up(name, instance) {
  const { url } = await start(name, instance);
  if (name === 'gateway') gateways.set(`${name} ${instance}`, Number(new URL(url).port));
}

async function main() {
  await new Promise((resolve) => { balancer.listen(0, '127.0.0.1', resolve); });
  await up('gateway', 1); // makes the database and the key first
  const olds = flags.surge ? [1] : [1, 2];
  await Promise.all(services.flatMap((name) => olds.filter((instance) => name !== 'gateway' || instance > 1).map((instance) => up(name, instance))));
  const looks = look();
  const gateway = [...gateways.values()][0];
  const { readFileSync } = await import('node:fs');
  const files = ['sources', 'features', 'lists', 'patterns', 'policy'].map((name) => ({ path: `${name}.yaml`, text: readFileSync(join(root, 'examples/definitions', `${name}.yaml`), 'utf8') }));
  const applied = await fetch(`http://127.0.0.1:${gateway}/definitions/apply`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ files, prune: true }) });
  if (!applied.ok) throw new Error(`the definitions were refused: ${await applied.text()}`);
  while (ready.length < olds.length) await sleep(50);
  const loads = load();
  await sleep(settledAfterMs);
  if (flags.surge) await Promise.all(services.map((name) => up(name, 2)));
  for (const instance of olds) {
    const back = [];
    for (const name of services) {
      const others = ready.length;
      await stop(name, instance);
      if (!flags.surge) back.push(up(name, instance));
      if (name === 'gateway' && !flags.surge) while (ready.length < others - 1) await sleep(20);
      await sleep(settledAfterMs);
    }
    await Promise.all(back); // a service has one process that is ready at any time
    while (ready.length < olds.length) await sleep(50);
  }
  await sleep(settledAfterMs);
  sending = false;
  await loads;
  const lines = (await (await fetch(`http://127.0.0.1:${ready[0]}/decisions/export`, { headers: { authorization: `Bearer ${key}` } })).text()).trim().split('\n').map((line) => JSON.parse(line).transaction_id);
  const decided = new Set(lines), wanted = new Set(sent);
  looking = false;
  await looks;
  took.sort((a, b) => a - b);
  const lost = sent.filter((id) => !decided.has(id)).length, doubled = lines.length - decided.size, at = (share) => Math.round(took[Math.min(took.length - 1, Math.floor(share * took.length))] * 10) / 10;
  say({ requests: sent.length, statuses, reconnected, failed: failures.length, failures: failures.slice(0, 10), lost, doubled, others: [...decided].filter((id) => !wanted.has(id)).length, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1), replaced: olds.length * services.length });
  return failures.length + lost + doubled === 0 ? 0 : 1;
}

let code = 1;
try {
  code = await main();
} finally {
  for (const { child } of running.values()) child.kill('SIGTERM');
  await Promise.all([...running.values()].map(({ exited }) => exited));
  balancer.close();
  agent.destroy();
  if (!flags.keep) rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
