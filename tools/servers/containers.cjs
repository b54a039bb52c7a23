/**
 * The servers as containers, through Testcontainers: the official images where the engine has them or may pull them, else stand-ins that are built here.
 * They are not tied to this process: `down` removes them by their id.
 */
const { docker, Engine } = require('./engine.cjs');
const images = require('./images.cjs');
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
  /** Its clients are told an address to come back to, so the port must be known before it starts. */
  async kafka() {
    const { GenericContainer, Wait } = require('testcontainers');
    const port = await freePort(), host = await engineHost();
    const container = await new GenericContainer(images.kafka)
      .withExposedPorts({ container: 9092, host: port })
      .withEnvironment({
        KAFKA_NODE_ID: '1', KAFKA_PROCESS_ROLES: 'broker,controller', KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093', KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
        // The broker calls itself when it ends a transaction, and inside the container the port of the outside is nobody's.
        KAFKA_LISTENERS: 'PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093,INSIDE://0.0.0.0:9094', KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${host}:${port},INSIDE://localhost:9094`,
        KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE', KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT', KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1', KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4', KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1', KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '4', KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0', KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000', KAFKA_BROKER_SESSION_TIMEOUT_MS: '60000',
      })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)).withStartupTimeout(90_000).start();
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
    const node = (port) => `redis-server --port ${port} --cluster-port ${20_000 + (port % 10_000)} --dir $(mktemp -d) --save '' --cluster-enabled yes --cluster-node-timeout 2000 --protected-mode no`;
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

async function engineHost() {
  const { getContainerRuntimeClient } = require('testcontainers');
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  return host === 'localhost' ? '127.0.0.1' : host;
}

module.exports = { Containers };
