import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json } from '../http/responses';
import { isoTime, toIso, toIsoOrNull } from '../schemas/shared.schema';
import { version } from '../version';

const lane = z.object({
  lane: z.number().int(), records: z.number().int(), position: z.number().int().meta({ description: 'Offset of the last record that is through; -1: none.' }),
  lag: z.number().int().meta({ description: 'Records that are not through.' }), state_position: z.number().int().meta({ description: 'Offset up to which the state is in the store.' }),
});
const statusAnswer = z.object({
  version: z.string(), started_at: isoTime, ready: z.boolean(), missing: z.array(z.object({ name: z.string(), why: z.string() })),
  set: z.string().nullable(), applied_at: isoTime.nullable(), lanes: z.array(lane),
}).meta({ id: 'Status' });

export const suiteStatus = endpoint({ method: 'GET', path: '/status', tag: 'Process', role: 'read', alsoFor: ['replay'], summary: 'What runs: version, set in force, lag by lane, health', responses: { 200: json('As of now.', statusAnswer) } });

@Controller(['', 'v1'])
export class StatusController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(suiteStatus)
  async status(): Promise<unknown> {
    const { health, status } = this.gateway.deps;
    const { startedAtMs, set, appliedAtMs, lanes } = await status.now();
    const { status: ready, missing } = health.ready();
    return {
      version, started_at: toIso(startedAtMs), ready: ready === 'ok', missing, set, applied_at: toIsoOrNull(appliedAtMs),
      lanes: lanes.map(({ statePosition, ...rest }) => ({ ...rest, state_position: statePosition })),
    };
  }
}
