import { setTimeout as sleep } from 'node:timers/promises';
import { faultName, type Fault } from './fault-plan';
import type { Ground } from './ground';
import type { DoneFault } from './judgement';
import type { Sender } from './sender';

export interface FaultTimes {
  /** How long a service is stopped, a way is cut, a server is full. */
  readonly holdMs: number;
  /** How long everything stands still, or a server does. */
  readonly standMs: number;
  /** How long ten times the rate comes. */
  readonly burstMs: number;
  /** A service that is to lose its lanes is stopped for longer than this. */
  readonly sessionMs: number;
}

const slowByMs = 150, burstFactor = 10, rebalanceFactor = 5;
/** A partition lasts so many sessions. */
const partitionSessions = 5;

/** Whether the fault can be done on this machine. */
export const isFeasible = (fault: Fault, ground: Ground): boolean => !((fault.kind === 'broker-full' && ground.brokerDisk === undefined) || (fault.kind === 'gateway-full' && ground.gatewayDisk === undefined));

/** Does a fault from its begin to its end; what was taken away is there again afterwards. */
export async function doFault(fault: Fault, { ground, sender, times }: { readonly ground: Ground; readonly sender: Sender; readonly times: FaultTimes }): Promise<DoneFault> {
  const startedMs = Date.now();
  await faultyWork(fault, ground, sender, times);
  // Who is killed is away from then on: the time until it is back is its own.
  return { fault: faultName(fault), startedMs, endedMs: fault.kind === 'kill' ? startedMs : Date.now() };
}

async function faultyWork(fault: Fault, ground: Ground, sender: Sender, { holdMs, standMs, burstMs, sessionMs }: FaultTimes): Promise<void> {
  const { processes, broker, redis, ways } = ground;
  const atRate = async (factor: number, work: () => Promise<unknown>): Promise<void> => {
    const usual = sender.perSecond;
    sender.perSecond = usual * factor;
    await work().finally(() => { sender.perSecond = usual; });
  };
  switch (fault.kind) {
    case 'kill':
      for (const service of fault.services) processes.signal(service, 'SIGKILL');
      return;
    case 'stop':
      for (const service of fault.services) processes.signal(service, 'SIGSTOP');
      await sleep(fault.services.length > 1 ? standMs : holdMs);
      for (const service of fault.services) processes.signal(service, 'SIGCONT');
      return;
    case 'rebalance':
      await processes.add(fault.service, '2');
      await atRate(rebalanceFactor, async () => {
        processes.signal(fault.service, 'SIGSTOP');
        await sleep(Math.max(holdMs, 3 * sessionMs));
        processes.signal(fault.service, 'SIGCONT');
        await sleep(sessionMs);
        await processes.remove(fault.service, '2');
      });
      return;
    case 'broker-kill':
      await broker.kill();
      await broker.start();
      return;
    case 'broker-stop':
    case 'redis-stop': {
      const server = fault.kind === 'broker-stop' ? broker : redis;
      await server.pause();
      await sleep(standMs);
      await server.resume();
      return;
    }
    case 'broker-full':
      ground.brokerDisk?.fill();
      await sleep(holdMs);
      ground.brokerDisk?.free();
      // A broker whose only disk failed ends itself.
      await broker.kill();
      await broker.start();
      return;
    case 'gateway-full':
      ground.gatewayDisk?.fill();
      await sleep(holdMs);
      ground.gatewayDisk?.free();
      return;
    case 'redis-kill':
      await redis.kill();
      await redis.start();
      return;
    case 'redis-empty':
      await ground.redisCommand('FLUSHALL');
      await redis.kill();
      await redis.start();
      return;
    case 'redis-full':
      await ground.redisCommand('CONFIG SET maxmemory 1mb');
      await sleep(holdMs);
      await ground.redisCommand('CONFIG SET maxmemory 0');
      return;
    case 'cut':
      ways[fault.server].shut();
      await sleep(holdMs);
      ways[fault.server].open();
      return;
    case 'silence':
      ways[fault.server].silence();
      await sleep(holdMs);
      // What was lost on a connection is lost: it cannot go on.
      ways[fault.server].cut();
      ways[fault.server].open();
      return;
    case 'slow':
      ways[fault.server].slow(slowByMs);
      await sleep(holdMs);
      ways[fault.server].slow(0);
      return;
    case 'partition':
      ways[fault.server].part();
      await sleep(partitionSessions * sessionMs);
      ways[fault.server].cut();
      ways[fault.server].open();
      return;
    case 'burst': await atRate(burstFactor, () => sleep(burstMs));
  }
}
