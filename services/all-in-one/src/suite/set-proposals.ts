import { randomUUID } from 'node:crypto';
import { WeirError } from '@weir/contracts';
import type { DefinitionsChange, DefinitionsPlan, Page, PageRequest, Proposal, Proposals, Proposer } from '@weir/gateway';
import { flag, readConfig } from '@weir/platform';
import type { Clock, Registry, SetProposal } from '@weir/ports';
import { z } from 'zod';
import type { DefinitionsService } from './definitions-service';

/** @throws WeirError WEIR_USAGE when it is neither yes nor no. */
export const readFourEyes = (env: NodeJS.ProcessEnv): boolean => readConfig(z.object({ WEIR_FOUR_EYES: flag().default(false) }), env).WEIR_FOUR_EYES;

export interface SetProposalsOptions { readonly required: boolean; readonly registry: Registry; readonly definitions: DefinitionsService; readonly clock: Clock }

/** Changes of the set that somebody else has to approve. What is approved is what is applied: the set as it was proposed, over the set it was proposed against. */
export class SetProposals implements Proposals {
  constructor(private readonly options: SetProposalsOptions) {}

  get required(): boolean { return this.options.required; }

  async propose(change: DefinitionsChange, by: Proposer & { readonly note: string | null }): Promise<Proposal> {
    const { definitions, registry, clock } = this.options;
    const { set, plan, baseSetId } = await definitions.prepare(change);
    const proposal: SetProposal = {
      id: `p-${randomUUID()}`, setId: set.id, baseSetId, json: set.canonicalJson, plan: JSON.stringify(plan), note: by.note, createdAtMs: clock.nowMs(), createdBy: by.name, createdByKey: by.keyId,
      status: 'open', decidedAtMs: null, decidedBy: null, reason: null,
    };
    await registry.addProposal(proposal);
    return shown(proposal);
  }

  async list(status: Proposal['status'] | undefined, page: PageRequest): Promise<Page<Proposal>> {
    const { items, next } = await this.options.registry.proposals({ ...page, status });
    return { items: items.map(shown), next };
  }

  async byId(id: string): Promise<Proposal | undefined> {
    const found = await this.options.registry.proposal(id);
    return found && shown(found);
  }

  async approve(id: string, by: Proposer): Promise<DefinitionsPlan & { readonly appliedAtMs: number }> {
    const { registry, definitions, clock } = this.options;
    const proposal = await this.open(id);
    if (proposal.createdByKey === by.keyId) throw new WeirError('WEIR_CONFLICT', 'whoever proposed a change cannot approve it: it takes another key');
    const applied = await definitions.applyPrepared({ json: proposal.json, setId: proposal.setId, baseSetId: proposal.baseSetId }, { name: by.name, note: proposal.note ?? `proposed by ${proposal.createdBy}` });
    await registry.decideProposal(id, { status: 'approved', by: by.name, atMs: clock.nowMs(), reason: null });
    return applied;
  }

  async reject(id: string, by: Proposer, reason: string | null): Promise<Proposal> {
    await this.open(id);
    await this.options.registry.decideProposal(id, { status: 'rejected', by: by.name, atMs: this.options.clock.nowMs(), reason });
    const rejected = await this.byId(id);
    if (rejected?.status !== 'rejected') throw new WeirError('WEIR_CONFLICT', `proposal ${id} is decided already`);
    return rejected;
  }

  private async open(id: string): Promise<SetProposal> {
    const found = await this.options.registry.proposal(id);
    if (found === undefined) throw new WeirError('WEIR_NOT_FOUND', `there is no proposal ${id}`);
    if (found.status !== 'open') throw new WeirError('WEIR_CONFLICT', `proposal ${id} is ${found.status} already`);
    return found;
  }
}

const shown = ({ id, status, note, createdAtMs, createdBy, decidedAtMs, decidedBy, reason, plan }: SetProposal): Proposal => ({
  id, status, note, createdAtMs, createdBy, decidedAtMs, decidedBy, reason, plan: JSON.parse(plan) as DefinitionsPlan, // written by propose alone
});
