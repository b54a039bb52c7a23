import type { Metrics } from '@weir/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { endpointOf } from './http/endpoint';
import type { Edge, RowAnswer } from './dependencies/edge';
import type { RequestGuard } from './http/request-guard';
import type { LiveFeed } from './live/live-feed';

/** The edge, with every row counted by what became of it. */
export function countRows(edge: Edge, metrics: Metrics): Edge {
  const rows = metrics.counter({ service: 'gateway', noun: 'rows', help: 'Events submitted, by what became of them.', labels: ['became'] });
  const counterByKind = new Map((['decided', 'pending', 'accepted', 'quarantined', 'conflict', 'overloaded', 'duplicate', 'failed'] as const).map((became) => [became, rows.labels({ became })]));
  const count = (answer: RowAnswer) => counterByKind.get('duplicate' in answer && answer.duplicate ? 'duplicate' : answer.kind)?.inc();
  return {
    simulate: (row, options) => edge.simulate(row, options),
    submit: async (submitted, options) => {
      try {
        const answers = await edge.submit(submitted, options);
        answers.forEach(count);
        return answers;
      } catch (error) {
        counterByKind.get('failed')?.inc(submitted.length);
        throw error;
      }
    },
  };
}

/** Counts and times every answered request, by endpoint and class of status. The label values are made once. */
export function watchRequests(metrics: Metrics, parts: { readonly guard: RequestGuard; readonly liveFeed: LiveFeed }): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  const requests = metrics.counter({ service: 'gateway', noun: 'requests', help: 'Requests answered, by endpoint and status.', labels: ['endpoint', 'status'] });
  const durations = metrics.tracedHistogram({ service: 'gateway', noun: 'request_duration', help: 'Time from the request to the end of its answer, by endpoint.', labels: ['endpoint'] }, 'seconds');
  metrics.gauge({ service: 'gateway', noun: 'in_flight', help: 'Requests being answered.', labels: ['kind'] }, 'count', (gauge) => {
    gauge.set({ kind: 'request' }, parts.guard.inFlight.requests);
    gauge.set({ kind: 'batch' }, parts.guard.inFlight.batches);
  });
  metrics.gauge({ service: 'gateway', noun: 'stream_clients', help: 'Open event streams.' }, 'count', (gauge) => gauge.set(parts.liveFeed.clientCount));

  const counterByKey = new Map<string, { inc(): void }>();
  const timerByEndpoint = new Map<string, ReturnType<typeof durations.of>>();
  return (request, reply, done) => {
    const spec = endpointOf(request)?.spec;
    const endpoint = spec === undefined ? 'other' : `${spec.method} ${spec.path}`;
    const key = `${reply.statusCode} ${endpoint}`;
    let counter = counterByKey.get(key);
    if (counter === undefined) counterByKey.set(key, (counter = requests.labels({ endpoint, status: String(reply.statusCode) })));
    counter.inc();
    let timer = timerByEndpoint.get(endpoint);
    if (timer === undefined) timerByEndpoint.set(endpoint, (timer = durations.of({ endpoint })));
    timer.observe(reply.elapsedTime / 1_000, request.span?.traceId);
    done();
  };
}
