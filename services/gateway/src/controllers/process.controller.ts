import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { problems } from '../http/problem';
import type { LiveClient } from '../live/live-feed';
import { json } from '../http/responses';
import { liveAnswer, readyAnswer } from '../schemas/operations.schema';

const tag = 'Process';

export const healthz = endpoint({ method: 'GET', path: '/healthz', tag, role: null, unlimited: true, summary: 'Is the process alive', responses: { 200: json('It is.', liveAnswer) } });
export const readyz = endpoint({ method: 'GET', path: '/readyz', tag, role: null, unlimited: true, summary: 'May traffic come', responses: { 200: json('It may.', readyAnswer), 503: json('It may not; `missing` says why.', readyAnswer) } });
export const metricsText = endpoint({ method: 'GET', path: '/metrics', tag, role: null, unlimited: true, summary: 'Metrics', responses: { 200: { description: 'Prometheus text.', type: 'text/plain', schema: z.string() } } });
export const stream = endpoint({
  method: 'GET', path: '/stream', tag: 'Decisions', role: 'read', unlimited: true, summary: 'Decisions, alerts and health as they happen',
  description: 'Server-sent events. `history`: the last minutes and `decision`s, on joining; `decision`: up to 25 approvals and 25 others of each second, in full; `second`: exact counts by outcome and latency of every second; `alert`; `health`.',
  responses: { 200: { description: 'Server-sent events.', type: 'text/event-stream', schema: z.string() } },
});

@Controller(['', 'v1'])
export class ProcessController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(healthz)
  live(): unknown {
    return this.gateway.deps.health.live();
  }

  @Answers(readyz)
  ready(@Res() reply: FastifyReply): void {
    const report = this.gateway.deps.health.ready();
    void reply.code(report.status === 'ok' ? 200 : 503).header('cache-control', 'no-store').send(report);
  }

  @Answers(metricsText)
  async metrics(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { body, contentType } = await this.gateway.deps.metrics.text(request.headers.accept);
    void reply.type(contentType).send(body);
  }

  @Answers(stream)
  stream(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const { liveFeed } = this.gateway;
    const client = new ResponseClient(reply);
    reply.raw.once('close', () => liveFeed.leave(client));
    if (liveFeed.clientCount >= this.gateway.options.streamClientsMax) throw problems.overloaded('as many streams as allowed are open', 5_000);
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no', 'x-content-type-options': 'nosniff' });
    request.raw.socket.setNoDelay(true);
    liveFeed.join(client);
  }
}

/** A slow reader misses events rather than making us keep them: nothing is written while more than `bufferedBytesMax` wait. */
const bufferedBytesMax = 4 * 1_048_576;

class ResponseClient implements LiveClient {
  constructor(private readonly reply: FastifyReply) {}
  write(text: string): void {
    const { raw } = this.reply;
    if (raw.writableLength <= bufferedBytesMax && !raw.destroyed) raw.write(text);
  }
  end(): void {
    this.reply.raw.end();
  }
}
