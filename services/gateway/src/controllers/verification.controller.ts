import { Controller } from '@nestjs/common';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json } from '../http/responses';
import { toIsoOrNull } from '../schemas/shared.schema';
import { verificationAnswer } from '../schemas/verification.schema';

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
