import type { SeededRandom } from '@weir/testkit';
import { serviceNames, stageNames, type ServiceName } from '../services/service-config';

/** What can be done to the suite and to what it stands on. */
export type Fault =
  | { readonly kind: 'kill'; readonly services: readonly ServiceName[] }
  /** SIGSTOP, and after a while SIGCONT; of all of them for a minute. */
  | { readonly kind: 'stop'; readonly services: readonly ServiceName[] }
  /** Under several times the rate a second process of the service takes the lanes over while the first is stopped; the first wakes up, and the second leaves. */
  | { readonly kind: 'rebalance'; readonly service: ServiceName }
  /** `-stop`: frozen for a minute, with its connections. */
  | { readonly kind: 'broker-kill' | 'broker-stop' | 'broker-full' | 'redis-kill' | 'redis-stop' | 'redis-empty' | 'redis-full' | 'gateway-full' }
  /** The network between the services and a server: connections are ended and refused; what is said gets lost; everything comes late; nothing passes, either way, for much longer than a session. */
  | { readonly kind: 'cut' | 'silence' | 'slow' | 'partition'; readonly server: 'kafka' | 'redis' }
  /** Ten times the rate, for minutes. */
  | { readonly kind: 'burst' };

export const faultName = (fault: Fault): string =>
  'services' in fault ? `${fault.kind} ${fault.services.length === serviceNames.length ? 'all' : fault.services.join(' ')}` : 'service' in fault ? `${fault.kind} ${fault.service}` : 'server' in fault ? `${fault.kind} ${fault.server}` : fault.kind;

/** Every fault there is, once. */
const everyFault: readonly Fault[] = [
  ...serviceNames.map((service): Fault => ({ kind: 'kill', services: [service] })), { kind: 'kill', services: serviceNames },
  ...serviceNames.map((service): Fault => ({ kind: 'stop', services: [service] })), { kind: 'stop', services: serviceNames },
  ...stageNames.map((service): Fault => ({ kind: 'rebalance', service })),
  { kind: 'broker-kill' }, { kind: 'broker-stop' }, { kind: 'broker-full' }, { kind: 'redis-kill' }, { kind: 'redis-stop' }, { kind: 'redis-empty' }, { kind: 'redis-full' }, { kind: 'gateway-full' },
  ...(['kafka', 'redis'] as const).flatMap((server): Fault[] => [{ kind: 'cut', server }, { kind: 'silence', server }, { kind: 'slow', server }, { kind: 'partition', server }]),
  { kind: 'burst' },
];

/** What a short run must hold: one of each sort, whose victims the seed chooses. */
const shortFaults = (random: SeededRandom): readonly Fault[] => [
  { kind: 'kill', services: serviceNames }, { kind: 'stop', services: [random.pick(stageNames)] }, { kind: 'broker-kill' }, { kind: 'redis-empty' }, { kind: 'cut', server: random.pick(['kafka', 'redis'] as const) },
];

export interface FaultPlanOptions { readonly quick: boolean; /** Only faults whose name begins with one of these. */ readonly only?: readonly string[] | undefined }

/** Rounds of all faults, each round in an order of its own; a short run is one round. The same seed gives the same plan. */
export function* faultPlan(random: SeededRandom, { quick, only }: FaultPlanOptions): Generator<Fault, void, undefined> {
  const wanted = (fault: Fault): boolean => only === undefined || only.some((start) => faultName(fault).startsWith(start));
  const faults = (quick && only === undefined ? shortFaults(random) : everyFault).filter(wanted);
  do yield* random.shuffle(faults); while (!quick && faults.length > 0);
}
