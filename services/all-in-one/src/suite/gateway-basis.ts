import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { Tokeniser } from '@weir/pipeline';
import { Health, Metrics, type Logger } from '@weir/platform';
import { SystemClock, type EventLog } from '@weir/ports';
import type { SuitePlace } from '../backtest/side-job';
import { suitePlaceOf } from '../backtest/suite-reader';
import { readHistoryOptions, type HistoryOptions } from '../history/history-config';
import { readWebhookOptions } from './alerts/alerts-config';
import { WebhookSender } from './alerts/webhook-sender';
import type { DecidedRow } from './decision-rows';
import { ExplainThread } from './explain/explain-thread';
import { FeatureStatisticsTable } from './feature-statistics';
import { HotKeyWatch } from './hot-keys';
import { LiveFeed } from './live-feed';
import { ModelArtifacts } from './model-artifacts';
import { ModelApproval } from './models/model-approval';
import { SharedModels } from './models/shared-models';
import { Replies } from './replies';
import { tokenKey, webhookKey } from './secrets';

export interface GatewayBasisOptions {
  /** Folder of keys and of the models' files. */
  readonly dataDir: string;
  /** Folder of what this process alone keeps; made where it is missing. */
  readonly ownDir: string;
  readonly lanes: number;
  /** Where the lanes are on Kafka: some of its brokers. */
  readonly kafka: readonly string[] | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

/** What a process with a gateway in it has before anything is opened, wherever its lanes run: figures, keys, models, who waits for answers and who watches. */
export class GatewayBasis {
  readonly health = new Health();
  readonly metrics = new Metrics().withProcessMetrics();
  readonly clock = new SystemClock();
  readonly replies = new Replies();
  readonly live = new LiveFeed();
  readonly statistics = new FeatureStatisticsTable();
  readonly hotKeys = new HotKeyWatch(this.metrics);
  readonly models = new SharedModels(new OnnxModelRuntime({ ownThreads: true }));
  readonly modelsFolder: string;
  readonly artifacts: ModelArtifacts;
  readonly approval: ModelApproval;
  readonly explaining: ExplainThread;
  readonly tokeniser: Tokeniser;
  readonly history: HistoryOptions;
  /** For those who read in threads and processes beside this one. */
  readonly place: SuitePlace;

  /** @throws WeirError WEIR_USAGE. */
  constructor(readonly options: GatewayBasisOptions) {
    const { dataDir, ownDir, lanes, kafka, env } = options;
    mkdirSync(ownDir, { recursive: true });
    this.history = readHistoryOptions(env, ownDir);
    this.place = suitePlaceOf(ownDir, { lanes, kafka, history: this.history.path });
    this.modelsFolder = join(dataDir, 'models');
    this.artifacts = new ModelArtifacts(this.modelsFolder);
    this.explaining = new ExplainThread(this.modelsFolder);
    this.approval = new ModelApproval({ runtime: this.models, artifacts: this.artifacts });
    this.tokeniser = new Tokeniser(tokenKey(join(dataDir, 'token.key'), env));
  }

  /** What was decided, for statistics and hot keys. */
  readonly noteDecided = (rows: readonly DecidedRow[]): void => {
    const nowMs = this.clock.nowMs();
    this.statistics.add(rows, nowMs);
    this.hotKeys.add(rows, nowMs);
  };

  /** Something that goes on by itself: said, and tried again. */
  readonly warned = (what: string) => (error: unknown): void => this.options.logger.warn({ err: error }, what);

  webhooks(log: EventLog): WebhookSender {
    const { dataDir, ownDir, env, logger } = this.options;
    return new WebhookSender({ ...readWebhookOptions(env), log, clock: this.clock, key: webhookKey(join(dataDir, 'webhook.key'), env), positionsPath: join(ownDir, 'webhooks.json'), metrics: this.metrics, logger });
  }

  /** Models and their threads go. */
  async close(): Promise<void> {
    await this.models.close();
    await this.explaining.close();
  }
}
