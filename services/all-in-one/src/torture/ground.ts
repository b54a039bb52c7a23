import { connect } from 'node:net';
import { join } from 'node:path';
import { OwnServer, TcpProxy } from '@weir/adapters/testing-servers';
import { WeirError } from '@weir/contracts';
import { ServiceProcesses } from '../services/service-processes';
import { SmallDisk } from './small-disk';

export interface GroundOptions {
  readonly folder: string;
  readonly lanes: number;
  readonly key: string;
  readonly tokenKey: string;
  readonly prefix: string;
  readonly sessionMs: number;
  /** File systems that can be filled, where the machine allows it. */
  readonly disks: boolean;
}

const brokerSessionMs = 6_000, brokerHeartbeatMs = 500, commandMs = 10_000;
const redisArguments = ['--port', '{port:0}', '--dir', '{dir}', '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];

/** What is tortured: a broker and a Redis that nobody else uses, a way to each that can be cut, and the five services as processes. */
export class Ground {
  private constructor(
    readonly broker: OwnServer, readonly redis: OwnServer, readonly ways: Readonly<Record<'kafka' | 'redis', TcpProxy>>, readonly processes: ServiceProcesses,
    readonly brokerDisk: SmallDisk | undefined, readonly gatewayDisk: SmallDisk | undefined,
  ) {}
  url = '';

  static async build(options: GroundOptions): Promise<Ground> {
    const { folder, lanes, key, tokenKey, prefix, sessionMs, disks } = options;
    const ways = { kafka: await TcpProxy.listening(), redis: await TcpProxy.listening() };
    const brokerDisk = disks ? SmallDisk.mount(join(folder, 'broker-disk'), '3g') : undefined, gatewayDisk = disks ? SmallDisk.mount(join(folder, 'gateway-disk'), '3g') : undefined;
    const made = await Promise.allSettled([
      OwnServer.kafka({
        // A broker that was killed is let in again once its session is over.
        advertised: ways.kafka.address, more: { 'broker.session.timeout.ms': String(brokerSessionMs), 'broker.heartbeat.interval.ms': String(brokerHeartbeatMs), ...(brokerDisk === undefined ? {} : { 'log.dirs': join(brokerDisk.path, 'log') }) },
      }),
      OwnServer.redis({ servers: [redisArguments] }),
    ] as const);
    if (made[0].status === 'rejected' || made[1].status === 'rejected') {
      await Promise.allSettled([ways.kafka.close(), ways.redis.close(), ...made.map((each) => (each.status === 'fulfilled' ? each.value.remove() : undefined))]);
      for (const disk of [brokerDisk, gatewayDisk]) disk?.unmount();
      throw made.find((each) => each.status === 'rejected')?.reason;
    }
    const [{ value: broker }, { value: redis }] = made;
    ways.kafka.aim(broker.address);
    ways.redis.aim(redis.address);
    const processes = new ServiceProcesses({
      port: 0, restarts: true, logPath: join(folder, 'services.log'),
      env: {
        WEIR_KAFKA_BROKERS: ways.kafka.address, WEIR_REDIS_URL: `redis://${ways.redis.address}`, WEIR_LANES: String(lanes), WEIR_DATA: join(folder, 'data'), WEIR_PREFIX: prefix, WEIR_API_KEY: key, WEIR_TOKEN_KEY: tokenKey,
        WEIR_OWN_DATA: gatewayDisk === undefined ? join(folder, 'gateway') : join(gatewayDisk.path, 'gateway'), WEIR_LOG_LEVEL: process.env['WEIR_LOG_LEVEL'] ?? 'warn', WEIR_CHECKPOINT_MS: '200', WEIR_SESSION_MS: String(sessionMs),
        GATEWAY_KEY_RATE_MAX: '1000000', GATEWAY_KEY_BURST_MAX: '1000000',
      },
    });
    const ground = new Ground(broker, redis, ways, processes, brokerDisk, gatewayDisk);
    try {
      ground.url = (await processes.start()).url ?? '';
    } catch (error) {
      await ground.remove();
      throw error;
    }
    return ground;
  }

  /** Says something to Redis itself, past its way. */
  redisCommand(command: string): Promise<string> {
    const { hostname, port } = new URL(`tcp://${this.redis.address}`);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => { socket.write(`${command}\r\n`); });
      socket.setTimeout(commandMs, () => socket.destroy(new Error(`Redis did not answer ${command}`)));
      socket.once('data', (answer) => {
        socket.destroy();
        const text = answer.toString('utf8').trim();
        if (text.startsWith('-')) reject(new WeirError('WEIR_USAGE', `Redis refused ${command}: ${text}`));
        else resolve(text);
      });
      socket.once('error', reject);
    });
  }

  /** Ends the services; gives those that did not end cleanly. */
  stop(): Promise<readonly string[]> { return this.processes.stop(); }

  async remove(): Promise<void> {
    await this.processes.stop();
    await Promise.allSettled([this.ways.kafka.close(), this.ways.redis.close(), this.broker.remove(), this.redis.remove()]);
    this.brokerDisk?.unmount();
    this.gatewayDisk?.unmount();
  }
}
