import { defaultPolicy as written, type ConditionFrame, type Policy } from '@weir/definitions';
import { compileCondition, type Compiled, type Environment } from '@weir/expressions';

export interface CompiledPolicy { readonly policy: Policy; readonly when: Compiled<ConditionFrame> | undefined }

/** What holds where no policy does. */
const defaultPolicy: Policy = Object.freeze({ ...written, kind: 'Policy', name: 'default', version: 0, owner: null, description: null, tags: [], when: null, order: 0 });

const byOrderThenName = (a: Policy, b: Policy): number => a.order - b.order || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The first by order, then name, whose `when` is true; else the first without one; else `defaultPolicy`. */
export class Policies {
  private readonly conditional: readonly CompiledPolicy[];
  private readonly otherwise: Policy;

  constructor(policies: Iterable<Policy>, environment: Environment<ConditionFrame>) {
    const sorted = [...policies].sort(byOrderThenName);
    this.conditional = sorted.flatMap((policy) => (policy.when === null ? [] : [{ policy, when: compileCondition(policy.when, environment) }]));
    this.otherwise = sorted.find(({ when }) => when === null) ?? defaultPolicy;
  }

  pick(frame: ConditionFrame): Policy {
    for (const { policy, when } of this.conditional) if (when?.evaluate(frame) === true) return policy;
    return this.otherwise;
  }
}
