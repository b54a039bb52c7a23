/**
 * Servers of one suite's own, with settings of its own, to be stopped, killed, frozen and started again: TLS, passwords, fail-over, too little memory.
 *   redis   { servers: [[ARGUMENT…]…], files: {name: text} }     one server for each list of arguments; `{dir}` is the folder of the files, `{port:0}` … the servers' ports
 *   kafka   { secure: true, advertised: 'host:port', more: {setting: value}, files }   a broker; with `secure` a second listener by TLS and SASL; `advertised`: the address it gives out
 * What is kept of one is `own-ID/own.json`. Those whose test is gone are removed when the next is made, and by `down`.
 */
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { ServersError, answers, freePort, runs, startDetached, stopProcess, until } = require('./process.cjs');
const { docker } = require('./engine.cjs');
const { engineHost, kafkaContainer } = require('./containers.cjs');
const images = require('./images.cjs');

const containerFolder = '/tmp/weir';

class OwnServers {
  constructor(folder) { this.folder = folder; }

  /** @param way `container` or `process`; `owner` is the process whose end makes it superfluous. */
  async make(kind, spec, way, owner) {
    await this.removeOrphans();
    const id = randomBytes(5).toString('hex'), home = path.join(this.folder, `own-${id}`);
    const texts = spec.files ?? {};
    fs.mkdirSync(path.join(home, 'files'), { recursive: true });
    const record = { id, kind, way, owner, ...(await makers[`${kind} ${way}`](spec, { folder: this.folder, home, texts })) };
    this.#write(record);
    if (way === 'process') await this.act(id, 'start');
    return this.#read(id);
  }

  async act(id, action) {
    const record = this.#read(id);
    if (record.way === 'container') {
      const args = { stop: ['stop', '-t', '10'], kill: ['kill'], start: ['start'], pause: ['pause'], resume: ['unpause'], remove: ['rm', '--force', '--volumes'] }[action];
      if (docker([...args, record.container], {}, 60_000) === undefined) throw new ServersError(`docker ${action} of ${record.kind} failed`);
      if (action === 'start') await this.#answering(record);
    } else await this.#actOnProcesses(record, action);
    if (action === 'remove') fs.rmSync(path.join(this.folder, `own-${id}`), { recursive: true, force: true });
  }

  async #actOnProcesses(record, action) {
    const pids = record.pids ?? [], signal = { kill: 'SIGKILL', pause: 'SIGSTOP', resume: 'SIGCONT', remove: 'SIGKILL' }[action];
    if (action === 'start') {
      record.pids = record.commands.map(({ command: [program, ...args], log }) => startDetached(program, args, log));
      this.#write(record);
      if (record.kind === 'kafka') await require('./kafka.cjs').ready(record.pids[0], record.commands[0].log);
      await this.#answering(record);
    } else if (action === 'stop') await Promise.all(pids.map((pid) => stopProcess(pid)));
    else for (const pid of pids) if (runs(pid)) process.kill(pid, signal);
    if (action === 'kill' || action === 'remove') await until(() => !pids.some(runs), 60_000, 'the end of the server');
  }

  async #answering({ ports, kind }) {
    for (const port of ports) await until(() => answers('127.0.0.1', port), 300_000, kind);
  }

  async removeOrphans({ all = false } = {}) {
    for (const name of fs.existsSync(this.folder) ? fs.readdirSync(this.folder) : []) {
      if (!name.startsWith('own-')) continue;
      let record;
      try { record = this.#read(name.slice(4)); } catch { continue; } // not written yet, or removed by another meanwhile
      if (all || !runs(record.owner)) try { await this.act(record.id, 'remove'); } catch { fs.rmSync(path.join(this.folder, name), { recursive: true, force: true }); }
    }
  }

  #read(id) { return JSON.parse(fs.readFileSync(path.join(this.folder, `own-${id}`, 'own.json'), 'utf8')); }
  /** In one step, for others read it at any time. */
  #write(record) {
    const file = path.join(this.folder, `own-${record.id}`, 'own.json');
    fs.writeFileSync(`${file}.new`, JSON.stringify(record));
    fs.renameSync(`${file}.new`, file);
  }
}

const filled = (text, dir, ports) => text.replaceAll('{dir}', dir).replace(/\{port:(\d)\}/g, (_, place) => String(ports[Number(place)]));
const freePorts = async (count) => { const ports = []; while (ports.length < count) ports.push(await freePort()); return ports; };
const urlsOf = (ports) => ports.map((port) => `127.0.0.1:${port}`);

const makers = {
  async 'redis process'({ servers }, { home, texts }) {
    const ports = await freePorts(servers.length), dir = path.join(home, 'files'), binary = require('./redis.cjs').server();
    for (const [name, text] of Object.entries(texts)) fs.writeFileSync(path.join(dir, name), filled(text, dir, ports));
    const commands = servers.map((args, place) => ({ command: [binary, ...args.map((arg) => filled(arg, dir, ports))], log: path.join(home, `log-${place}`) }));
    return { ports, urls: urlsOf(ports), commands };
  },
  /** All in one container, on ports that are the same inside and outside, so that the addresses they tell each other and their clients are the same. */
  async 'redis container'({ servers }, { texts }) {
    const { GenericContainer, Wait } = require('testcontainers');
    const ports = await freePorts(servers.length);
    const quoted = (arg) => `'${filled(arg, containerFolder, ports).replaceAll("'", `'\\''`)}'`;
    const container = await new GenericContainer(images.redis).withExposedPorts(...ports.map((port) => ({ container: port, host: port })))
      .withCopyContentToContainer(Object.entries(texts).map(([name, text]) => ({ content: filled(text, containerFolder, ports), target: `${containerFolder}/${name}`, mode: 0o644 })))
      .withCommand(['sh', '-c', `${servers.map((args) => `redis-server ${args.map(quoted).join(' ')} --protected-mode no --bind 0.0.0.0`).join(' & ')} & wait`])
      .withWaitStrategy(Wait.forListeningPorts()).start();
    return { ports, urls: urlsOf(ports), container: container.getId() };
  },
  async 'kafka process'({ secure = false, advertised, more = {} }, { folder, home, texts }) {
    const dir = path.join(home, 'files');
    for (const [name, text] of Object.entries(texts)) fs.writeFileSync(path.join(dir, name), text);
    const { command, log, port, url, secureUrl } = await require('./kafka.cjs').lay(folder, home, { secure, advertised, more: filledAll(more, dir) });
    return { ports: [port], urls: secure ? [url, secureUrl] : [url], commands: [{ command, log }] };
  },
  async 'kafka container'({ secure = false, advertised, more = {} }, { texts }) {
    const [plain, secured] = await freePorts(2), host = await engineHost();
    const container = await kafkaContainer({ host, advertised, ports: { PLAINTEXT: plain, ...(secure ? { SECURE: secured } : {}) }, more: filledAll(more, containerFolder) })
      .withCopyContentToContainer(Object.entries(texts).map(([name, content]) => ({ content, target: `${containerFolder}/${name}`, mode: 0o644 }))).start();
    return { ports: [plain], urls: [`${host}:${plain}`, `${host}:${secured}`], container: container.getId() };
  },
};

const filledAll = (settings, dir) => Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, filled(value, dir, [])]));

module.exports = { OwnServers };
