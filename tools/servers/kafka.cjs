/** A Kafka broker (KRaft, one node, nothing but this machine) from the jars that Maven brings. Needs Java 17 and Maven. */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { randomBytes } = require('node:crypto');
const { ServersError, aptInstall, freePort, lastLines, run, runs, say, startDetached, until, which } = require('./process.cjs');

const version = '4.3.1';
const pom = (...more) => `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka-jars</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
${more.map((name) => `<dependency><groupId>org.apache.kafka</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>\n`).join('')}<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
<dependency><groupId>com.fasterxml.jackson.dataformat</groupId><artifactId>jackson-dataformat-yaml</artifactId><version>2.21.2</version></dependency>
</dependencies></project>
`;
const logging = `Configuration:
  Appenders: { Console: { name: out, PatternLayout: { pattern: "%d %p %m (%c)%n" } } }
  Loggers: { Root: { level: WARN, AppenderRef: { ref: out } }, Logger: { name: kafka.server.KafkaRaftServer, level: INFO } }
`;

const base = Object.freeze({
  'process.roles': 'broker,controller', 'node.id': '1', 'controller.listener.names': 'CONTROLLER', 'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1', 'offsets.topic.num.partitions': '4', 'transaction.state.log.replication.factor': '1', 'transaction.state.log.min.isr': '1', 'transaction.state.log.num.partitions': '4',
  'group.initial.rebalance.delay.ms': '0', 'group.min.session.timeout.ms': '1000',
  // On a busy machine a broker may be late with a heartbeat; of a single one nobody has to take over.
  'broker.session.timeout.ms': '60000',
});
const protocols = { PLAINTEXT: 'PLAINTEXT', INSIDE: 'PLAINTEXT', CONTROLLER: 'PLAINTEXT', SECURE: 'SASL_SSL' };

/** Settings of a broker of tests. `listeners`: by name, the address it binds and the one it gives out; `more` is added. */
function settings({ listeners, controller, more = {} }) {
  const named = Object.entries(listeners), list = (place) => named.map(([name, addresses]) => `${name}://${addresses[place]}`).join(',');
  return {
    ...base, 'controller.quorum.voters': `1@${controller}`, 'listeners': `${list(0)},CONTROLLER://${controller}`, 'advertised.listeners': list(1),
    'listener.security.protocol.map': [...Object.keys(listeners), 'CONTROLLER'].map((name) => `${name}:${protocols[name]}`).join(','), 'inter.broker.listener.name': 'INSIDE' in listeners ? 'INSIDE' : 'PLAINTEXT', ...more,
  };
}

/** The jars, fetched once; with `more` the broker's own tools too, in a folder of their own. */
function jars(folder, ...more) {
  const home = path.join(folder, `kafka-${[version, ...more].join('-')}`), target = path.join(home, 'jars');
  if (fs.existsSync(path.join(target, '.complete'))) return { home, target };
  if (which('java') === undefined) aptInstall('default-jre-headless');
  if (which('mvn') === undefined) aptInstall('maven');
  say(`fetching Kafka ${version} (45 MB) …`);
  fs.rmSync(home, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });
  fs.writeFileSync(path.join(home, 'pom.xml'), pom(...more));
  fs.writeFileSync(path.join(home, 'log4j2.yaml'), logging);
  run('mvn', ['-q', '-B', '-f', path.join(home, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${target}`]);
  fs.writeFileSync(path.join(target, '.complete'), '');
  return { home, target };
}

/** A broker of this machine, formatted and not started: its command, where it logs, where it listens. */
async function lay(folder, runFolder, { secure = false, advertised, more = {} } = {}) {
  const { home, target } = jars(folder), data = path.join(runFolder, 'data');
  fs.mkdirSync(data, { recursive: true });
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()];
  const [plain, controller, secured, inside] = ports.map((port) => `127.0.0.1:${port}`);
  const config = path.join(runFolder, 'server.properties'), log = path.join(runFolder, 'broker.log');
  const all = settings({ listeners: { PLAINTEXT: [plain, advertised ?? plain], ...(advertised === undefined ? {} : { INSIDE: [inside, inside] }), ...(secure ? { SECURE: [secured, secured] } : {}) }, controller, more: { 'log.dirs': data, 'num.network.threads': '2', 'num.io.threads': '4', ...more } });
  fs.writeFileSync(config, Object.entries(all).map(([name, value]) => `${name}=${value}\n`).join(''));
  const java = ['-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${path.join(home, 'log4j2.yaml')}`, '-cp', `${target}/*`];
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  run('java', ['-XX:TieredStopAtLevel=1', ...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config]);
  return { command: ['java', '-Xms192m', '-Xmx512m', ...java, 'kafka.Kafka', config], log, port: ports[0], url: plain, secureUrl: secured };
}

async function ready(pid, log) {
  await until(() => {
    if (!runs(pid)) throw new ServersError(`Kafka ended: ${lastLines(log)}`);
    return fs.readFileSync(log, 'utf8').includes('Kafka Server started');
  }, 300_000, 'Kafka', log);
}

/** One of the broker's own tools; gives how it ended. */
function tool(folder, [name, ...args]) {
  const { home, target } = jars(folder, 'kafka-tools');
  const { status } = spawnSync('java', ['-Xmx512m', `-Dlog4j2.configurationFile=${path.join(home, 'log4j2.yaml')}`, '-cp', `${target}/*`, name, ...args], { stdio: 'inherit' });
  return status ?? 1;
}

async function start(folder) {
  const runFolder = path.join(folder, 'run-kafka');
  fs.rmSync(runFolder, { recursive: true, force: true });
  const { command: [program, ...args], log, port, url } = await lay(folder, runFolder);
  const pid = startDetached(program, args, log);
  await ready(pid, log);
  return { pid, port, url };
}

module.exports = { start, lay, ready, jars, settings, tool };
