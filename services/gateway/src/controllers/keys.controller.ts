import { randomUUID } from 'node:crypto';
import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { StoredKey } from '../dependencies/operations';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint, principalOf } from '../http/endpoint';
import { newApiKey } from '../http/key-ring';
import { problems } from '../http/problem';
import { json, noContent, problemResponses } from '../http/responses';
import { idParams } from '../schemas/decision.schema';
import { keyBody, keyMade, keysAnswer, whoAnswer } from '../schemas/operations.schema';
import { toIso, toIsoOrNull } from '../schemas/shared.schema';

const tag = 'Keys';

export const allKeys = endpoint({ method: 'GET', path: '/keys', tag, role: 'admin', summary: 'API keys', responses: { 200: json('Without the keys themselves.', keysAnswer) } });
export const makeKey = endpoint({ method: 'POST', path: '/keys', tag, role: 'admin', summary: 'Make a key', body: { schema: keyBody }, responses: { 201: json('The key, shown this once.', keyMade), ...problemResponses(400, 415, 422) } });
export const revokeKey = endpoint({ method: 'DELETE', path: '/keys/:id', tag, role: 'admin', summary: 'Revoke a key', description: 'At once in this process, within 5 s in others.', params: idParams, responses: { 204: noContent, ...problemResponses(404) } });
export const whoAmI = endpoint({ method: 'GET', path: '/keys/self', tag, role: 'read', summary: 'Name and roles of the key in use', responses: { 200: json('The key.', whoAnswer) } });

@Controller(['', 'v1'])
export class KeysController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(allKeys)
  async all(): Promise<unknown> {
    return { keys: (await this.gateway.deps.keys.all()).map(keyRecord), next: null };
  }

  @Answers(whoAmI)
  self(@Req() request: FastifyRequest): unknown {
    const { name, roles } = principalOf(request);
    return { name, roles };
  }

  @Answers(makeKey)
  async make(@Req() request: FastifyRequest): Promise<unknown> {
    const { name, roles } = makeKey.body(request);
    const { key, hash } = newApiKey();
    const stored: StoredKey = { id: randomUUID(), name, roles: [...new Set(roles)], hash, createdAtMs: this.gateway.deps.clock.nowMs(), revokedAtMs: null };
    await this.gateway.deps.keys.add(stored);
    await this.gateway.audit(principalOf(request).name, 'key.make', stored.id, { name, roles });
    return { ...keyRecord(stored), key };
  }

  @Answers(revokeKey)
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    const { id } = revokeKey.params(request);
    if (!(await this.gateway.deps.keys.revoke(id, this.gateway.deps.clock.nowMs()))) throw problems.notFound('no key has this id');
    this.gateway.keyRing.forget();
    await this.gateway.audit(principalOf(request).name, 'key.revoke', id);
  }
}

const keyRecord = ({ id, name, roles, createdAtMs, revokedAtMs }: StoredKey) => ({ id, name, roles, created_at: toIso(createdAtMs), revoked_at: toIsoOrNull(revokedAtMs) });
