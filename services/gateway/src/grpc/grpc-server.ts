import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { GatewayContext } from '../gateway-context';
import type { RequestGuard } from '../http/request-guard';
import { OpenStreams, type CallContext } from './calls';
import { methodsOf } from './descriptor-set';
import { featureService } from './feature-service';
import { healthService } from './health-service';
import { reflectionService } from './reflection-service';
import { riskService } from './risk-service';

const listed = ['weir.v1.FeatureService', 'weir.v1.RiskService', 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'] as const;
const stopWaitMs = 5_000;

/** The gRPC side of Weir: the same keys, roles, limits and values as HTTP. */
export class GrpcServer {
  private readonly server: Server;
  private readonly streams: OpenStreams;
  private port: number | undefined;

  constructor(gateway: GatewayContext, guard: RequestGuard) {
    const { options, deps } = gateway;
    this.options = options;
    this.server = new Server({ 'grpc.max_receive_message_length': options.batchBytesMax, 'grpc.max_send_message_length': -1, 'grpc.max_concurrent_streams': options.inFlightMax });
    this.streams = new OpenStreams(options.streamClientsMax);
    const calls = deps.metrics.counter({ service: 'gateway', noun: 'grpc_calls', help: 'gRPC calls answered, by method and status code.', labels: ['method', 'code'] });
    const context: CallContext = { gateway, guard, count: countBy((method, code) => calls.labels({ method, code })) };
    this.add('weir.v1.FeatureService', featureService(context));
    this.add('weir.v1.RiskService', riskService(context, this.streams));
    this.add('grpc.health.v1.Health', healthService(context, new Set(listed), this.streams));
    const reflection = reflectionService(listed);
    this.add('grpc.reflection.v1.ServerReflection', reflection);
    this.add('grpc.reflection.v1.ServerReflection', reflection, 'grpc.reflection.v1alpha.ServerReflection');
  }
  private readonly options: GatewayContext['options'];

  /** `host:port`, as clients take it; only after `start`. */
  get target(): string {
    if (this.port === undefined) throw new Error('the gRPC server is not listening');
    const { host } = this.options;
    return `${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${this.port}`;
  }

  /** `port` 0: the next free one. */
  start(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.bindAsync(`${this.options.host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error !== null) return reject(error);
        this.port = bound;
        resolve();
      });
    });
  }

  /** Ends the streams, lets calls under way finish, then closes what is left. */
  async stop(): Promise<void> {
    this.streams.endAll();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => { this.server.forceShutdown(); resolve(); }, stopWaitMs);
      this.server.tryShutdown(() => { clearTimeout(timer); resolve(); });
    });
  }

  private add(service: string, implementation: UntypedServiceImplementation, servedAs = service): void {
    const definition: ServiceDefinition = Object.fromEntries(methodsOf(service).map(({ name, request, response, requestStream, responseStream }) => [name, {
      path: `/${servedAs}/${name}`, requestStream, responseStream,
      requestSerialize: request.encode, requestDeserialize: request.decode, responseSerialize: response.encode, responseDeserialize: response.decode,
    }]));
    this.server.addService(definition, implementation);
  }
}

/** Label values are made once. */
function countBy(counterOf: (method: string, code: string) => { inc(): void }): CallContext['count'] {
  const counters = new Map<string, { inc(): void }>();
  return (method, code) => {
    const key = `${code} ${method}`;
    let counter = counters.get(key);
    if (counter === undefined) counters.set(key, (counter = counterOf(method, String(code))));
    counter.inc();
  };
}
