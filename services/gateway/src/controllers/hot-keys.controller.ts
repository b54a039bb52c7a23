import { Controller } from '@nestjs/common';
import { z } from 'zod';
import { GatewayContext } from '../gateway-context';
import { Answers, endpoint } from '../http/endpoint';
import { json } from '../http/responses';
import { isoTime, toIsoOrNull } from '../schemas/shared.schema';

const hotKey = z.object({
  entity_type: z.string(), entity_id: z.string().meta({ description: 'As the entity is asked for: a token where its field is tokenised.' }),
  share: z.number().meta({ description: 'Of the decided events, at least.' }), share_max: z.number().meta({ description: 'At most.' }), per_second: z.number().nullable(),
}).meta({ id: 'HotKey' });
const answer = z.object({ hot_keys: z.array(hotKey), as_of: isoTime.nullable(), window_seconds: z.number().meta({ description: 'Time that the figures stand for; older events count half for each minute.' }), next: z.null() });

export const getHotKeys = endpoint({
  method: 'GET', path: '/hot-keys', tag: 'Process', role: 'read', summary: 'Entities that take the most of what is decided now', description: 'Ten a type at most, by their share; from a sample of the decided events in bounded memory.', responses: { 200: json('As of now.', answer) },
});

@Controller(['', 'v1'])
export class HotKeysController {
  constructor(private readonly gateway: GatewayContext) {}

  @Answers(getHotKeys)
  now(): unknown {
    const { asOfMs, windowMs, keys } = this.gateway.deps.hotKeys.now();
    const rounded = (value: number): number => Number(value.toPrecision(4));
    return {
      hot_keys: keys.map(({ entityType, entityId, share, shareMax, perSecond }) => ({ entity_type: entityType, entity_id: entityId, share: rounded(share), share_max: rounded(shareMax), per_second: perSecond === null ? null : rounded(perSecond) })),
      as_of: toIsoOrNull(asOfMs), window_seconds: rounded(windowMs / 1_000), next: null,
    };
  }
}
