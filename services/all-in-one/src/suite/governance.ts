import { join } from 'node:path';
import type { DefinitionSet } from '@weir/definitions';
import type { EventLog } from '@weir/ports';
import { setChecks, webhookCheck } from '../set-checks';
import type { StoredAlert } from './alerts/alert-record';
import { readWebhookOptions } from './alerts/alerts-config';
import { DefinitionsService, type DefinitionsServiceOptions } from './definitions-service';
import type { GatewayBasis } from './gateway-basis';
import { LabelWriter, type LabelWriterOptions } from './label-writer';
import { ModelWatch } from './models/model-watch';
import { readModelsOptions } from './models/models-config';
import { Monitor } from './monitor/monitor';
import { readMonitorOptions } from './monitor/monitor-config';
import type { Stores } from './open-stores';

export interface GovernanceOptions extends Pick<DefinitionsServiceOptions, 'reached' | 'inForce'>, Pick<LabelWriterOptions, 'stored'> {
  readonly basis: GatewayBasis;
  readonly stores: Pick<Stores, 'log' | 'registry' | 'decisions' | 'cases'>;
  /** Where what the models call for is written. */
  readonly modelLog: EventLog;
  /** Of what the models call for. */
  readonly told: (alerts: readonly StoredAlert[]) => void;
}

/** What is in force and how it does: definitions, labels, and who watches the models. */
export class Governance {
  readonly definitions: DefinitionsService;
  readonly labels: LabelWriter;
  readonly watch: ModelWatch;
  private started: Monitor | undefined;

  constructor(private readonly options: GovernanceOptions) {
    const { basis, stores: { log, registry, decisions, cases }, modelLog, told, reached, stored, inForce } = options, { clock, metrics, options: { env, logger, ownDir } } = basis;
    const definitions = this.definitions = new DefinitionsService({
      registry, log, clock, reached, ...(inForce === undefined ? {} : { inForce }), checks: [...setChecks, webhookCheck(readWebhookOptions(env))], modelHash: (path) => basis.artifacts.hashOf(path), approve: (set) => basis.approval.approve(set),
    });
    this.labels = new LabelWriter({ decisions, cases, log, set: () => this.set, heldPath: join(ownDir, 'labels-held.json'), stored });
    this.watch = new ModelWatch({ ...readModelsOptions(env), log: modelLog, clock, registry, definitions, metrics, logger, told });
  }

  get set(): DefinitionSet { return this.definitions.set; }

  /** Watches the models over time. */
  get monitors(): Monitor {
    if (this.started === undefined) throw new Error('the monitors have not been started');
    return this.started;
  }

  /** Once the lanes run. `guards`: a new version of a model that is in trouble goes back from here. */
  async start({ guards }: { readonly guards: boolean }): Promise<void> {
    const { basis, stores: { decisions, cases } } = this.options, { metrics, artifacts, options: { env, logger, ownDir, lanes } } = basis;
    await this.labels.resume();
    if (guards) this.watch.start();
    this.started = new Monitor({ ...readMonitorOptions(env), dataDir: ownDir, lanes, decisions, cases, artifacts, set: () => this.set, events: this.watch.events, figures: () => this.watch.figures(), metrics, logger });
    this.started.start();
    basis.health.add('definitions', () => (this.definitions.applied ? undefined : 'no definitions are in force yet'));
  }

  async stop(): Promise<void> {
    this.watch.stop();
    await this.started?.stop();
  }
}
