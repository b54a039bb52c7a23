import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { alterUserScramCredentialsV0, Connection } from '@platformatic/kafka';
import type { NewRecord } from '@weir/ports';
import type { KafkaEventLog, KafkaOptions } from '../kafka-common';
import { KafkaJsEventLog } from '../kafkajs';
import { describeOn, freshName, OwnServer, ownServers, testCertificates, type TestCertificates } from '../testing-servers';
import { PlatformaticEventLog } from './index';

const clients: ReadonlyArray<readonly [string, (options: KafkaOptions) => KafkaEventLog]> = [
  ['@platformatic/kafka', (options) => new PlatformaticEventLog(options)], ['kafkajs', (options) => new KafkaJsEventLog(options)],
];
const record = (text: string): NewRecord => ({ key: null, headers: {}, value: new TextEncoder().encode(text) });
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
/** Longer than a broker is away. */
const attemptsMax = 400, pauseMs = 100;

/** Tried again while the error says that it may be; `failed` is told each time. */
async function persistent<T>(work: () => Promise<T>, failed: () => void = () => undefined): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attemptsMax || !(error instanceof Error && 'retriable' in error && error.retriable === true)) throw error;
      failed();
      await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
    }
  }
}

/** What a broker keeps of a password: it is told so by its own request. */
async function addScramUser(address: string, name: string, password: string): Promise<void> {
  const [host = '', port] = address.split(':'), connection = new Connection('test'), salt = randomBytes(16), iterations = 4_096, scramSha512 = 2;
  await connection.connect(host, Number(port));
  await alterUserScramCredentialsV0.api.async(connection, [], [{ name, mechanism: scramSha512, iterations, salt, saltedPassword: pbkdf2Sync(password, salt, iterations, 64, 'sha512') }]);
  await connection.close();
}

describe('Kafka, when it is hard to reach or in trouble', () => {
  describeOn(ownServers('kafka'), (host) => {
    let broker: OwnServer, certificates: TestCertificates;
    beforeAll(async () => {
      certificates = await testCertificates(host);
      broker = await OwnServer.kafka({
        secure: true, files: { 'server.pem': `${certificates.key}${certificates.certificate}` },
        more: {
          'ssl.keystore.type': 'PEM', 'ssl.keystore.location': '{dir}/server.pem', 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
          'listener.name.secure.plain.sasl.jaas.config': 'org.apache.kafka.common.security.plain.PlainLoginModule required user_weir="secret";',
          'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
          // A broker that was killed is let in again once its session is over.
          'broker.session.timeout.ms': '3000', 'broker.heartbeat.interval.ms': '500',
        },
      });
      await addScramUser(broker.address, 'weir', 'secret');
    });
    afterAll(() => broker.remove());

    describe.each(clients)('by %s', (_, open) => {
      const logs: KafkaEventLog[] = [];
      afterEach(async () => { for (const log of logs.splice(0)) await log.close(); });
      const logOn = (options: Partial<KafkaOptions>): KafkaEventLog => {
        const log = open({ brokers: [broker.address], lanes: 1, prefix: `${freshName('weir')}.`, ...options });
        logs.push(log);
        return log;
      };

      it.each(['PLAIN', 'SCRAM-SHA-512'] as const)('is spoken to by TLS, with a password by %s', async (mechanism) => {
        const log = logOn({ brokers: [broker.addresses[1] ?? ''], tls: { ca: certificates.authority }, sasl: { mechanism, username: 'weir', password: 'secret' } });
        await log.append('transactions.raw', 0, [record('a'), record('b')]);
        await log.append('decisions', 0, [record('c')]);
        expect((await log.read('transactions.raw', 0, 0, 9)).map(({ value }) => text(value))).toEqual(['a', 'b']);
      });

      it('says why it is not let in', async () => {
        const right = { brokers: [broker.addresses[1] ?? ''], tls: { ca: certificates.authority }, sasl: { mechanism: 'PLAIN', username: 'weir', password: 'secret' }, retriesMax: 0, requestTimeoutMs: 60_000 } as const;
        const append = (options: Partial<KafkaOptions>): Promise<unknown> => logOn({ ...right, ...options }).append('transactions.raw', 0, [record('a')]);
        await expect(append({ sasl: { ...right.sasl, password: 'wrong' } })).rejects.toMatchObject({ code: 'WEIR_LOG_FAILED', message: expect.stringMatching(/authenticat/i) });
        await expect(append({ tls: {} })).rejects.toMatchObject({ code: 'WEIR_LOG_FAILED', message: expect.stringMatching(/certificate/i) });
      });
    });

    it('loses nothing that was acknowledged, keeps the order, and repeats at most what nobody knew the fate of, when the broker is killed under producers and readers', async () => {
      const batches = 60, killAt = 20, perBatch = 5;
      const runs = clients.map(([, open]) => new Interrupted(open({ brokers: [broker.address], lanes: 1, prefix: `${freshName('weir')}.`, requestTimeoutMs: 3_000 }), batches, perBatch));
      const producing = runs.map((run) => run.produce()), reading = runs.map((run) => run.readUntilDone());
      await Promise.race([Promise.all(runs.map((run) => run.reached(killAt))), Promise.all(producing)]);
      await broker.kill();
      await broker.start();
      await Promise.all([...producing, ...reading]);
      for (const run of runs) run.check();
      await Promise.all(runs.map(({ log }) => log.close()));
    });
  });
});

/** A producer that tries again and a reader beside it, on one log. */
class Interrupted {
  readonly #acknowledged: Array<{ readonly batch: number; readonly firstOffset: number }> = [];
  readonly #triedAgain = new Set<number>();
  readonly #read: Array<{ readonly offset: number; readonly text: string }> = [];
  #arrived: () => void = () => undefined;
  #failed = false;

  constructor(readonly log: KafkaEventLog, private readonly batches: number, private readonly perBatch: number) {}

  produce(): Promise<void> {
    return this.#produce().catch((error: unknown) => { this.#failed = true; throw error; });
  }

  async #produce(): Promise<void> {
    for (let batch = 0; batch < this.batches; batch += 1) {
      const records = Array.from({ length: this.perBatch }, (_, index) => record(`${batch}/${index}`));
      const { firstOffset } = await persistent(() => this.log.append('transactions.raw', 0, records), () => this.#triedAgain.add(batch));
      this.#acknowledged.push({ batch, firstOffset });
      // The owner of a lane writes decisions beside; after the break it is still the owner.
      if (batch % 10 === 0) await persistent(() => this.log.append('decisions', 0, [record('decided')]));
      this.#arrived();
    }
  }

  async reached(batch: number): Promise<void> {
    while (this.#acknowledged.length < batch) await new Promise<void>((resolve) => { this.#arrived = resolve; });
  }

  async readUntilDone(): Promise<void> {
    const isDone = (): boolean => this.#acknowledged.length === this.batches && (this.#read.at(-1)?.offset ?? -1) >= (this.#acknowledged.at(-1)?.firstOffset ?? 0) + this.perBatch - 1;
    while (!isDone() && !this.#failed) {
      const next = (this.#read.at(-1)?.offset ?? -1) + 1;
      for (const { offset, value } of await persistent(() => this.log.read('transactions.raw', 0, next, 100))) this.#read.push({ offset, text: text(value) });
      await this.log.wait('transactions.raw', 0, (this.#read.at(-1)?.offset ?? -1) + 1, 50);
    }
  }

  check(): void {
    expect(this.#read.map(({ offset }) => offset)).toEqual(this.#read.map((_, index) => index));
    for (const { batch, firstOffset } of this.#acknowledged) {
      for (let index = 0; index < this.perBatch; index += 1) expect(this.#read[firstOffset + index]?.text).toBe(`${batch}/${index}`);
    }
    const times = new Map<number, number>();
    for (const { text: word } of this.#read) if (word.endsWith('/0')) times.set(Number(word.split('/')[0]), (times.get(Number(word.split('/')[0])) ?? 0) + 1);
    const twice = [...times].filter(([, count]) => count > 1).map(([batch]) => batch);
    expect(twice.filter((batch) => !this.#triedAgain.has(batch))).toEqual([]);
    expect([...times.keys()]).toEqual(Array.from({ length: this.batches }, (_, batch) => batch));
  }
}
