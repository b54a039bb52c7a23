import { patternCheck } from '@weir/patterns';
import type { SetCheck } from '@weir/definitions';
import { webhookUrlFault } from './suite/alerts/webhook-address';

/** Checks of a set that live above the definitions; their findings are reported with all others. */
export const setChecks: readonly SetCheck[] = [patternCheck];

/** Addresses that rules and patterns deliver to can be called from here. */
export function webhookCheck(options: { readonly allowPrivate: boolean }): SetCheck {
  return (set) => [...set.rules.values(), ...set.patterns.values()].flatMap(({ kind, name, then }) => then.flatMap((action, index) => {
    const fault = action.do === 'webhook' ? webhookUrlFault(action.url, options) : undefined;
    return fault === undefined ? [] : [{ kind, name, path: ['then', index, 'webhook'], ...fault }];
  }));
}
