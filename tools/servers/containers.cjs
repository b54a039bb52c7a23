/**
 * The servers as containers, through Testcontainers: the official images where the engine has them or may pull them, else stand-ins that are built here.
 * They are not tied to this process: `down` removes them by their id.
 */
const { docker, Engine } = require('./engine.cjs');
const images = require('./images.cjs');
const { settings: kafkaSettings } = require('./kafka.cjs');
const { freePort, say } = require('./process.cjs');
const standIns = require('./stand-ins.cjs');

const pullMsMax = 300_000;
const postgresSettings = ['wal_level=logical', 'max_replication_slots=16', 'max_wal_senders=16', 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
const imageOf = { kafka: 'kafka', redis: 'redis', 'redis-cluster': 'redis', postgres: 'postgres' };

class Containers {
  #unpullable = false;
  constructor(folder) {
    this.folder = folder;
    this.engine = new Engine(folder);
  }

  /** Whether a container of the server could run here; with `force`, an engine is brought up and images are built where there are none. */
  async available(name, { force }) {
    const env = force ? await this.engine.up() : this.engine.running();
    if (env === undefined) return false;
    Object.assign(process.env, env, { TESTCONTAINERS_RYUK_DISABLED: 'true' });
    const image = images[imageOf[name]];
    if (docker(['image', 'inspect', image]) !== undefined || this.#pull(image)) return true;
    if (force) standIns.ensure(imageOf[name], this.folder, env);
    return force;
  }

  #pull(image) {
    if (this.#unpullable) return false;
    say(`pulling ${image} …`);
    const pulled = docker(['pull', '--quiet', image], {}, pullMsMax) !== undefined;
    this.#unpullable = !pulled;
    return pulled;
  }

  async start(name) {
    const { url, container } = await starters[name]();
    return { container: container.getId(), url };
  }

  remove(id) { docker(['rm', '--force', '--volumes', id], this.engine.running() ?? {}, 30_000); }
  isRunning(id) { return docker(['inspect', '--format', '{{.State.Running}}', id], this.engine.running() ?? {}) === 'true'; }
}

const starters = {
  async kafka() {
    const port = await freePort(), host = await engineHost();
    const container = await kafkaContainer({ host, ports: { PLAINTEXT: port } }).start();
    return { container, url: `${host}:${port}` };
  },
  async redis() {
    const { RedisContainer } = require('@testcontainers/redis');
    const container = await new RedisContainer(images.redis).withCommand(['redis-server', '--save', '']).start();
    return { container, url: container.getConnectionUrl() };
  },
  /** Three masters in one container, on ports that are the same inside and outside, so that the addresses they give out hold for both. */
  async 'redis-cluster'() {
    const { GenericContainer, Wait } = require('testcontainers');
    const ports = [await freePort(), await freePort(), await freePort()];
    const node = (port) => `redis-server --port ${port} --cluster-port ${20_000 + (port % 10_000)} --dir $(mktemp -d) --save '' --cluster-enabled yes --cluster-node-timeout 15000 --protected-mode no`;
    const container = await new GenericContainer(images.redis)
      .withExposedPorts(...ports.map((port) => ({ container: port, host: port })))
      .withCommand(['sh', '-c', `${ports.map(node).join(' & ')} & wait`])
      .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/, 3)).start();
    const made = await container.exec(['redis-cli', '--cluster', 'create', ...ports.map((port) => `127.0.0.1:${port}`), '--cluster-yes']);
    if (made.exitCode !== 0) throw new Error(made.output);
    await container.exec(['sh', '-c', ports.map((port) => `until redis-cli -p ${port} cluster info | grep -q cluster_state:ok; do sleep 0.05; done`).join('; ')]);
    return { container, url: ports.map((port) => `redis://127.0.0.1:${port}`).join(',') };
  },
  async postgres() {
    const { PostgreSqlContainer } = require('@testcontainers/postgresql');
    const container = await new PostgreSqlContainer(images.postgres).withUsername('weir').withPassword('weir').withDatabase('weir')
      .withCommand(['postgres', ...postgresSettings.flatMap((setting) => ['-c', setting])]).start();
    return { container, url: container.getConnectionUri() };
  },
};

/** Clients are told an address to come back to, so the ports must be known before it starts. */
function kafkaContainer({ host, advertised, ports, more = {} }) {
  const { GenericContainer, Wait } = require('testcontainers');
  const inside = { PLAINTEXT: 9092, SECURE: 9095 };
  const listeners = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, [`0.0.0.0:${inside[name]}`, name === 'PLAINTEXT' && advertised !== undefined ? advertised : `${host}:${port}`]]));
  // The broker calls itself when it ends a transaction, and inside the container the port of the outside is nobody's.
  const all = kafkaSettings({ listeners: { ...listeners, INSIDE: ['0.0.0.0:9094', 'localhost:9094'] }, controller: 'localhost:9093', more });
  const variable = (name) => `KAFKA_${name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`;
  return new GenericContainer(images.kafka)
    .withExposedPorts(...Object.entries(ports).map(([name, port]) => ({ container: inside[name], host: port })))
    .withEnvironment(Object.fromEntries(Object.entries(all).map(([name, value]) => [variable(name), value])))
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)).withStartupTimeout(90_000);
}

async function engineHost() {
  const { getContainerRuntimeClient } = require('testcontainers');
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  return host === 'localhost' ? '127.0.0.1' : host;
}

module.exports = { Containers, kafkaContainer, engineHost };
