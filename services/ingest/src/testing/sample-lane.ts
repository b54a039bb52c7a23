import type { RawBody } from '@weir/contracts';
import { SeededRandom } from '@weir/testkit';
import { documentsFromJson, resolveSet, type DefinitionSet } from '@weir/definitions';

/** Numbers from 0 to 1 from a seed. */
export function seeded(seed: number): () => number {
  const random = new SeededRandom(seed);
  return () => random.float();
}

/** A set with one decided source, and another when `second` is true. */
export function sampleSet(late: Readonly<Record<string, string>> = {}, second = false, extraFields: Readonly<Record<string, unknown>> = {}): DefinitionSet {
  const source = (name: string, decide: boolean): Record<string, unknown> => ({ kind: 'Source', name, id: 'transaction_id', time: 'event_time', decide, fields: { card_id: 'string!', transaction_id: 'string!', amount: 'money', ...extraFields }, late });
  return resolveSet(documentsFromJson([source('transactions', true), ...(second ? [source('logins', false)] : []), { kind: 'Entity', name: 'card', key: 'card_id' }]));
}

export const definitionsBody = (set: DefinitionSet): RawBody => ({ kind: 'definitions', setId: set.id, json: set.canonicalJson });

export const eventBody = (event: Readonly<Record<string, unknown>>, options: { readonly receivedAtMs?: number; readonly source?: string; readonly key?: string; readonly bodyHash?: string } = {}): RawBody => ({
  kind: 'event', source: options.source ?? 'transactions', json: JSON.stringify(event), receivedAtMs: options.receivedAtMs,
  idempotency: options.key === undefined ? undefined : { key: options.key, bodyHash: options.bodyHash ?? '0123456789abcdef' }, replyTo: undefined,
});

const dayMs = 86_400_000;

/** A lane with everything in it: events in and out of order, again, late, of the future, broken, with their own clock, ticks, lists, a second set. */
export function sampleBodies(seed: number, count: number): RawBody[] {
  const random = seeded(seed), below = (max: number): number => Math.floor(random() * max);
  const bodies: RawBody[] = [definitionsBody(sampleSet({}, true))];
  let timeMs = 1_735_800_000_000;
  for (let index = 1; index < count; index++) {
    const kind = random();
    timeMs += below(kind > 0.97 ? dayMs : 3_000);
    if (kind < 0.04) bodies.push({ kind: 'tick' });
    else if (kind < 0.06) bodies.push({ kind: 'list', changes: [{ op: 'put', list: 'l', value: String(index), fromMs: null, untilMs: null, by: 'x', reason: '' }] });
    else if (kind < 0.07) bodies.push(definitionsBody(sampleSet({ out_of_orderness: `${1 + below(9)}s` }, below(2) === 0)));
    else {
      const event = {
        transaction_id: `t${kind < 0.2 ? below(index) : index}`, card_id: `c${below(8)}`, amount: kind < 0.25 ? 'x' : below(1_000), other: { n: index },
        event_time: timeMs - (kind < 0.3 ? below(3 * dayMs) : below(9_000)) + (kind > 0.95 && kind < 0.96 ? dayMs : 0), ...(kind > 0.9 ? { sent_at: timeMs - below(20_000) } : {}),
      };
      bodies.push(eventBody(event, { source: random() < 0.8 ? 'transactions' : 'logins', ...(random() < 0.7 ? { receivedAtMs: timeMs } : {}), ...(random() < 0.2 ? { key: `k${below(20)}`, bodyHash: `${below(2)}`.repeat(16) } : {}) }));
    }
  }
  return bodies;
}
