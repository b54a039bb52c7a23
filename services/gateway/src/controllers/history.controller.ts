import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { History } from '../dependencies/status';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { problems } from '../http/problem';
import { json, problemResponses } from '../http/responses';

const tag = 'History';
const historyLane = z.object({
  lane: z.number().int(), first: z.number().int().meta({ description: 'Offset of the first record that is kept; -1: none.' }), last: z.number().int().meta({ description: 'Offset of the last record that is in a file; -1: none.' }),
  lag: z.number().int().meta({ description: 'Records of the log behind it.' }), files: z.number().int(), bytes: z.number().int(), days: z.number().int().meta({ description: 'Days of append (UTC) there are files of.' }),
});
const historyAnswer = z.object({ path: z.string().meta({ description: 'Folder of the Parquet files, as the suite sees it.' }), lanes: z.array(historyLane) }).meta({ id: 'History' });
const compacted = z.object({ files_joined: z.number().int().meta({ description: 'How many files there are less.' }) });

export const getHistory = endpoint({ method: 'GET', path: '/history', tag, role: 'read', summary: 'What history has of each lane, and how far it is behind', responses: { 200: json('As of now.', historyAnswer), ...problemResponses(404) } });
export const flushHistory = endpoint({
  method: 'POST', path: '/history/flush', tag, role: 'edit', summary: 'Write what waits', description: 'What has been decided when it is asked for is in files when it answers.', responses: { 200: json('Afterwards.', historyAnswer), ...problemResponses(404) },
});
export const compactHistory = endpoint({ method: 'POST', path: '/history/compact', tag, role: 'edit', summary: 'Join small files', responses: { 200: json('Done.', compacted), ...problemResponses(404) } });

@Controller(['', 'v1'])
export class HistoryController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(getHistory)
  async now(): Promise<unknown> {
    const { path, lanes } = this.history;
    return { path, lanes: await lanes() };
  }

  @Answers(flushHistory)
  async flush(): Promise<unknown> {
    await this.history.flush();
    return this.now();
  }

  @Answers(compactHistory)
  async compact(@Req() request: FastifyRequest): Promise<unknown> {
    const less = await this.history.compact();
    await this.gateway.audit(principalOf(request).name, 'history.compact', 'history', { files_joined: less });
    return { files_joined: less };
  }

  private get history(): History {
    const { history } = this.gateway.deps;
    if (history === undefined) throw problems.notFound('this suite keeps no history (WEIR_HISTORY)');
    return history;
  }
}
