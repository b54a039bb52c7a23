import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { mismatchReasons } from '../dependencies';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json } from '../http/responses';
import { isoTime, jsonObject, toIsoOrNull } from '../schemas/shared.schema';

const verificationAnswer = z.object({
  share: z.number(), passes: z.number().int(), last_pass: isoTime.nullable(), last_error: z.string().nullable(), keys: z.number().int(), same: z.number().int(), different: z.number().int(),
  by_reason: z.record(z.enum(mismatchReasons), z.number().int()), by_view: z.record(z.string(), z.object({ same: z.number().int(), different: z.number().int() })), examples: z.array(jsonObject),
}).meta({ id: 'Verification', description: 'Since the start: keys of views whose served state was computed again from the log.' });

export const getVerification = endpoint({
  method: 'GET', path: '/verification', tag: 'Process', role: 'read', summary: 'Served feature values against the log', description: 'A slow check beside the lanes: some keys of each view, again and again.', responses: { 200: json('As of now.', verificationAnswer) },
});

@Controller(['', 'v1'])
export class VerificationController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(getVerification)
  async now(): Promise<unknown> {
    const { lastPassMs, lastError, byReason, byView, ...figures } = await this.gateway.deps.verification.now();
    return { ...figures, last_pass: toIsoOrNull(lastPassMs), last_error: lastError, by_reason: byReason, by_view: byView };
  }
}
