import { documentsFromJson, resolveSet } from '@weir/definitions';
import { setChecks } from '../src/set-checks';

/** A large payment lists its merchant: what is decided in one lane changes what others see. */
export const listingSet = resolveSet(documentsFromJson([
  { kind: 'Source', name: 'transactions', id: 'transaction_id', time: 'event_time', partition_by: 'card', decide: true, fields: { transaction_id: 'string!', card_id: 'string', merchant_id: 'string', amount: 'money!' } },
  { kind: 'Entity', name: 'card', key: 'card_id' },
  { kind: 'List', name: 'merchants', of: 'merchant_id', effect: 'watch' },
  { kind: 'Rule', name: 'large', when: 'tx.amount > 100', then: [{ add_to_list: { list: 'merchants', value: 'tx.merchant_id' } }] },
]), undefined, { checks: setChecks });
