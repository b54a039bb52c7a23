/**
 * The same servers as containers of the official images, through Testcontainers, where an engine answers and has them (or may pull them). They are
 * not tied to this process: `down` removes them by their id.
 */
const { spawnSync } = require('node:child_process');
const { which } = require('./process.cjs');

const images = { kafka: 'confluentinc/cp-kafka:8.3.0', redis: 'redis:8', postgres: 'postgres:17' };
const pullMsMax = 120_000;

function docker(args, timeout = 5_000) {
  const result = spawnSync('docker', args, { encoding: 'utf8', timeout });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

const engineAnswers = () => which('docker') !== undefined && docker(['version', '--format', '{{.Server.Version}}']) !== undefined;

/** Whether a container of it could run here. */
function available(name) {
  const image = images[name];
  return image !== undefined && engineAnswers() && (docker(['image', 'inspect', image]) !== undefined || docker(['pull', '-q', image], pullMsMax) !== undefined);
}

async function start(name) {
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const { url, container } = await starters[name]();
  return { container: container.getId(), url };
}

const starters = {
  async kafka() {
    const { KafkaContainer } = require('@testcontainers/kafka');
    const { Wait } = require('testcontainers');
    // The default wait of this version ends before the broker is up.
    const container = await new KafkaContainer(images.kafka).withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)).start();
    return { container, url: `${container.getHost()}:${container.getMappedPort(9093)}` };
  },
  async redis() {
    const { RedisContainer } = require('@testcontainers/redis');
    const container = await new RedisContainer(images.redis).start();
    return { container, url: container.getConnectionUrl() };
  },
  async postgres() {
    const { PostgreSqlContainer } = require('@testcontainers/postgresql');
    const container = await new PostgreSqlContainer(images.postgres).withCommand(['postgres', '-c', 'wal_level=logical', '-c', 'max_replication_slots=16', '-c', 'max_wal_senders=16']).start();
    return { container, url: container.getConnectionUri() };
  },
};

const remove = (id) => { docker(['rm', '-f', '-v', id], 30_000); };
const isRunning = (id) => docker(['inspect', '-f', '{{.State.Running}}', id]) === 'true';

module.exports = { available, start, remove, isRunning };
