/**
 * A container engine. One that answers already is used as it is. Where none does and Debian packages may be installed, Debian's is installed and started
 * with a socket and a store of its own below `FOLDER/docker`, so that it meets nothing else on the machine.
 */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ServersError, aptInstall, isRoot, lastLines, run, runs, say, startDetached, stopProcess, until, which } = require('./process.cjs');

/** Debian 12 has no plugins for `docker compose` and `docker buildx`; the programs of the release after it run there. */
const pluginsRelease = 'trixie';

class Engine {
  constructor(folder) {
    this.home = path.join(folder, 'docker');
    this.socket = path.join(this.home, 'docker.sock');
  }

  /** What `docker` and Testcontainers must be told; nothing where the machine's own engine answers. */
  env() {
    const own = { DOCKER_HOST: `unix://${this.socket}`, DOCKER_CONFIG: path.join(this.home, 'config') };
    if (answers(process.env)) return {};
    return answers({ ...process.env, ...own }) ? own : undefined;
  }

  /** `undefined` where no engine answers. */
  running() { return which('docker') === undefined ? undefined : this.env(); }

  async up() {
    const there = this.running();
    if (there !== undefined) return there;
    if (!isRoot() || which('apt-get') === undefined) throw new ServersError('no container engine answers, and this user cannot install one');
    const missing = [['dockerd', 'docker.io'], ['iptables', 'iptables'], ['ip', 'iproute2']].filter(([command]) => which(command, ['/usr/sbin', '/sbin']) === undefined).map(([, name]) => name);
    if (missing.length > 0) aptInstall(...missing);
    await this.#start();
    return this.running();
  }

  async #start() {
    fs.mkdirSync(path.join(this.home, 'config'), { recursive: true });
    const log = path.join(this.home, 'dockerd.log');
    fs.rmSync(path.join(this.home, 'pid'), { force: true });
    const pid = startDetached(which('dockerd', ['/usr/sbin', '/sbin']), [
      '--host', `unix://${this.socket}`, '--data-root', path.join(this.home, 'data'), '--exec-root', path.join(this.home, 'exec'), '--pidfile', path.join(this.home, 'pid'),
    ], log);
    await until(() => {
      if (!runs(pid)) throw new ServersError(`the container engine ended (a machine may forbid it: it needs namespaces, cgroups and iptables): ${lastLines(log)}`);
      return this.running() !== undefined;
    }, 30_000, 'the container engine', log);
    say(`a container engine is up: ${this.socket}`);
  }

  /** Stops the engine that was started here, and only that. */
  async down() {
    let pid = NaN;
    try { pid = Number(fs.readFileSync(path.join(this.home, 'pid'), 'utf8')); } catch { return; }
    if (pid > 0 && runs(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.socket)) await stopProcess(pid, 30_000);
  }

  /** `docker compose` and `docker buildx`, where the client has them not. */
  plugins(env) {
    if (docker(['compose', 'version'], env) !== undefined && docker(['buildx', 'version'], env) !== undefined) return;
    if (!isRoot() || which('apt-get') === undefined) throw new ServersError('docker compose is missing: install the plugin of your system');
    say('fetching docker compose and buildx …');
    const target = path.join(env.DOCKER_CONFIG ?? path.join(require('node:os').homedir(), '.docker'), 'cli-plugins'), work = path.join(this.home, 'plugins');
    fs.rmSync(work, { recursive: true, force: true });
    for (const each of [target, path.join(work, 'lists', 'partial'), path.join(work, 'unpacked')]) fs.mkdirSync(each, { recursive: true });
    fs.writeFileSync(path.join(work, 'next.sources'), sourcesOf(pluginsRelease));
    const options = ['-qq', '-o', `Dir::Etc::sourcelist=${path.join(work, 'next.sources')}`, '-o', 'Dir::Etc::sourceparts=-', '-o', `Dir::State::lists=${path.join(work, 'lists')}`, '-o', 'APT::Sandbox::User=root'];
    run('apt-get', [...options, 'update']);
    run('apt-get', [...options, 'download', 'docker-compose', 'docker-buildx'], { cwd: work });
    for (const name of fs.readdirSync(work)) if (name.endsWith('.deb')) run('dpkg-deb', ['-x', path.join(work, name), path.join(work, 'unpacked')]);
    fs.cpSync(path.join(work, 'unpacked', 'usr', 'libexec', 'docker', 'cli-plugins'), target, { recursive: true });
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** The machine's own package sources, for another release of Debian. */
function sourcesOf(release) {
  const file = '/etc/apt/sources.list.d/debian.sources';
  if (!fs.existsSync(file)) throw new ServersError(`${file} is expected, to know where Debian packages come from`);
  const [first] = fs.readFileSync(file, 'utf8').split(/\n\s*\n/);
  return `${first.replace(/^#.*\n/gm, '').replace(/^Suites:.*$/m, `Suites: ${release}`)}\n`;
}

/** Where Debian packages of this machine come from. */
function mirror() {
  return /^URIs:\s*(\S+)/m.exec(sourcesOf(pluginsRelease))?.[1];
}

/** What the command printed, `undefined` when it failed. */
function docker(args, env = {}, timeout = 10_000) {
  const result = spawnSync('docker', args, { encoding: 'utf8', timeout, env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

const answers = (env) => docker(['version', '--format', '{{.Server.Version}}'], env, 5_000) !== undefined;

module.exports = { Engine, docker, mirror };
