import type { Logger, Metrics } from '@weir/platform';
import type { Clock, EventLog, Registry } from '@weir/ports';
import type { StoredAlert } from '../alerts/alert-record';
import type { DefinitionsService } from '../definitions-service';
import { ModelEvents } from './model-events';
import { ModelGuard } from './model-guard';
import { ModelMeter, type ModelFigures, type ModelNote } from './model-meter';
import type { ModelsOptions } from './models-config';

const checkEveryMs = 1_000;

export interface ModelWatchOptions extends ModelsOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly definitions: DefinitionsService;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly told: (alerts: readonly StoredAlert[]) => void;
}

/** Watches the models of a running suite: counts how they answer, sends a new version in trouble back, and tells of it. */
export class ModelWatch {
  readonly events: ModelEvents;
  private readonly meter: ModelMeter;
  private readonly guard: ModelGuard;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ModelWatchOptions) {
    const { clock, metrics } = options;
    const returns = metrics.counter({ service: 'models', noun: 'returns', help: 'New versions of a model that were sent back, by model.', labels: ['model'] });
    this.meter = new ModelMeter(() => clock.nowMs());
    this.events = new ModelEvents({ log: options.log, clock, quietMs: options.quietMs, written: options.told });
    this.guard = new ModelGuard({ ...options, meter: this.meter, events: this.events, returned: (model) => returns.inc({ model }) });
  }

  /** Told of every answer to a batch, or of some together. */
  note(answered: ModelNote): void { this.meter.note(answered); }

  start(): void {
    this.timer = setInterval(() => { this.guard.check().catch((error: unknown) => this.options.logger.error({ err: error }, 'models could not be judged; the next check tries again')); }, checkEveryMs);
    this.timer.unref();
  }

  stop(): void { clearInterval(this.timer); }

  /** Of the last minute. */
  figures(): readonly ModelFigures[] { return this.meter.figures(); }
}
