import { join } from 'node:path';
import type { DefinitionSet, Model } from '@weir/definitions';
import type { ModelQuality, Monitors, DriftWindowShown } from '@weir/gateway';
import { readNumericCsv } from '@weir/models';
import type { Logger, Metrics } from '@weir/platform';
import type { CaseStore, DecisionStore, LabelRow } from '@weir/ports';
import type { ModelArtifacts } from '../model-artifacts';
import type { ModelEvents } from '../models/model-events';
import type { ModelFigures } from '../models/model-meter';
import type { DriftOfFeature, DriftWindow } from './drift-book';
import type { LabelledRow, ModelsNow } from './monitor-core';
import type { MonitorOptions } from './monitor-config';
import { MonitorThread } from './monitor-thread';
import { settlingOf } from './settling';

export interface MonitorParts extends MonitorOptions {
  readonly dataDir: string;
  readonly lanes: number;
  readonly decisions: DecisionStore;
  readonly cases: CaseStore;
  readonly artifacts: ModelArtifacts;
  readonly set: () => DefinitionSet;
  readonly events: ModelEvents;
  readonly figures: () => readonly ModelFigures[];
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const everyMs = 1_000;
/** Of a second: a tenth of a core in its own thread, next to nothing where it shares one. */
const stepMs = { thread: 100, shared: 20 } as const;
/** Labels of a turn whose decisions are looked up. */
const labelsPerTurnMax = 100;
/** Labels of unknown transactions that are tried again. */
const heldMax = 1_000;
const featuresNamedMax = 20;

/**
 * Watches over time how good the models are and how far what decisions see has drifted. Everything is read from what is stored, beside the path of decisions and a
 * bounded amount a second; what is found is told by metrics, by the interface, and as a wish to train again.
 */
export class Monitor implements Monitors {
  private readonly thread: MonitorThread | undefined;
  private readonly gauges;
  private timer: NodeJS.Timeout | undefined;
  private turn: Promise<void> = Promise.resolve();
  private labelCursor: number | undefined;
  private usedSet = '';
  private behind = 0;
  private held: LabelRow[] = [];
  private isStopped = false;

  constructor(private readonly parts: MonitorParts) {
    const { metrics, dataDir, lanes, labelDelayMs, driftWindowMs, errorMax } = parts;
    this.gauges = {
      behind: metrics.gauge({ service: 'models', noun: 'monitor_behind', help: 'Stored decisions that the monitors have not looked at yet.' }, 'count'),
      drifted: metrics.gauge({ service: 'models', noun: 'drifted_features', help: 'Features, scores among them, that drifted in the last whole window.' }, 'count'),
      psi: metrics.gauge({ service: 'models', noun: 'drift_psi', help: 'Population stability index of the last whole window, by feature.', labels: ['feature'] }, 'ratio'),
      auc: metrics.gauge({ service: 'models', noun: 'auc', help: 'Area under the ROC curve of the newest week with labels, by model that decides.', labels: ['model'] }, 'ratio'),
      averagePrecision: metrics.gauge({ service: 'models', noun: 'average_precision', help: 'Average precision of the newest week with labels, by model that decides.', labels: ['model'] }, 'ratio'),
      alertRate: metrics.gauge({ service: 'models', noun: 'alert_rate', help: 'Share of decisions with an alert in the newest week, by model that decides.', labels: ['model'] }, 'ratio'),
      wishes: metrics.counter({ service: 'models', noun: 'retrain_requests', help: 'Wishes to train again, by model and reason; those that were held back among them.', labels: ['model', 'reason'] }),
    };
    if (parts.isOn) this.thread = new MonitorThread({ decisionsPath: join(dataDir, 'decisions'), path: join(dataDir, 'monitor'), lanes, labelDelayMs, driftWindowMs, errorMax });
  }

  start(): void {
    if (this.thread === undefined) return;
    this.timer = setInterval(() => { this.run().catch((error: unknown) => this.parts.logger.error({ err: error }, 'the monitors could not go on; they try again')); }, everyMs);
    this.timer.unref();
  }

  /** One turn at a time; a turn that takes longer than a second makes the next ones wait. */
  run(): Promise<void> {
    if (this.thread === undefined || this.isStopped) return Promise.resolve();
    const { thread } = this;
    this.turn = this.turn.catch(() => undefined).then(() => this.takeTurn(thread));
    return this.turn;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.isStopped = true;
    await this.turn.catch(() => undefined);
    await this.thread?.close();
  }

  /** Newest week first. */
  async quality(model: string | undefined): Promise<readonly ModelQuality[]> { return (await this.thread?.ask('weeks', model ?? null)) ?? []; }

  /** Newest first. */
  async drift(): Promise<readonly DriftWindowShown[]> { return (await this.thread?.ask('windows', null)) ?? []; }

  models(): ReturnType<Monitors['models']> {
    const figures = this.parts.figures();
    return [...this.parts.set().models.values()].map((model) => {
      const of = figures.find(({ name, version }) => name === model.name && version === model.version);
      return {
        name: model.name, version: model.version, role: model.role, share: model.share, features: model.features, file: model.file, sha256: model.sha256,
        lastMinute: of === undefined ? null : { calls: of.calls, rows: of.rows, errors: of.errors, errorRate: of.errorRate, p50Ms: of.p50Ms, p99Ms: of.p99Ms },
      };
    });
  }

  private async takeTurn(thread: MonitorThread): Promise<void> {
    await this.useModels(thread);
    const { behind, driftWindows } = await thread.ask('step', thread.isThread ? stepMs.thread : stepMs.shared);
    this.behind = behind;
    this.gauges.behind.set(behind);
    for (const window of driftWindows) await this.judge(window);
    if (await this.takeLabels(thread) || driftWindows.length > 0) await this.measure(thread);
  }

  private async useModels(thread: MonitorThread): Promise<void> {
    const set = this.parts.set();
    if (set.id === this.usedSet) return;
    const champion = [...set.models.values()].find(({ role }) => role === 'champion');
    const versions = Object.fromEntries([...set.models.values()].map(({ name, version }) => [name, version]));
    const moving = [...set.sources.values()].flatMap(({ decide, time, fields }) => (decide ? [`tx:${time}`, ...fields.filter(({ type }) => type === 'timestamp').map(({ name }) => `tx:${name}`)] : []));
    await thread.ask('use', { versions, moving, settling: settlingOf(set), background: champion === undefined ? null : await this.background(champion, set) });
    this.usedSet = set.id;
  }

  /** The rows kept with a model, by the names that features have in decisions. */
  private async background(model: Model, set: DefinitionSet): Promise<ModelsNow['background']> {
    const bytes = model.sha256 === null ? undefined : await this.parts.artifacts.background(model.sha256);
    if (bytes === undefined) return null;
    const { rows } = readNumericCsv(Buffer.from(bytes).toString('utf8'), model.background ?? 'background');
    const features = set.services.get(model.features)?.features ?? [];
    const names = new Map([...set.layoutBySource.values()].flatMap((layout) => layout.qualifiedNames.map((qualified, slot) => [qualified, layout.names[slot] ?? qualified] as const)));
    const named = (feature: string): string => (feature.startsWith('tx:') ? feature : names.get(feature.replace(':', '.')) ?? feature);
    return { id: `${model.sha256} ${features.join(' ')}`, columns: Object.fromEntries(features.map((feature, column) => [named(feature), Float64Array.from(rows, (row) => row[column] ?? Number.NaN)])) };
  }

  /** True when there were labels. */
  private async takeLabels(thread: MonitorThread): Promise<boolean> {
    this.labelCursor ??= await thread.ask('labelsThrough', null);
    const { labels, cursor } = await this.parts.cases.labelsAfter(this.labelCursor, labelsPerTurnMax);
    const due = [...this.held, ...labels];
    if (due.length === 0) return false;
    const labelled: LabelledRow[] = [], unknown: LabelRow[] = [];
    for (const label of due) {
      const row = await this.parts.decisions.byTransaction(label.transactionId);
      if (row === undefined) unknown.push(label);
      else labelled.push({ row: { transactionId: row.transactionId, json: row.json, eventTimeMs: row.eventTimeMs, score: row.score, outcome: row.outcome, alert: row.alert, entities: row.entities }, fraud: label.fraud, atMs: label.atMs });
    }
    this.held = unknown.slice(-heldMax);
    for (const error of await thread.ask('label', { labelled, cursor })) {
      this.gauges.wishes.inc({ model: error.model, reason: 'high_error' });
      await this.parts.events.raise({
        what: 'model_retrain', model: error.model, severity: 'high', kind: 'high_error', why: `transaction ${error.transactionId} was ${error.label === 1 ? 'fraud' : 'genuine'}, its p was ${error.prediction.toFixed(3)}`,
        details: { version: error.version, transaction_id: error.transactionId, label: error.label, prediction: error.prediction, error: error.error, created_at: new Date(error.atMs).toISOString() },
      });
    }
    this.labelCursor = cursor;
    return labels.length > 0 || labelled.length > 0;
  }

  /** A window that ended: drift is told with the features, and asks for retraining where enough of the champion's world moved. */
  private async judge(window: DriftWindow): Promise<void> {
    const drifted = window.features.filter(({ passed }) => passed.length > 0).sort((a, b) => b.psi - a.psi);
    this.gauges.drifted.set(drifted.length);
    this.gauges.psi.reset();
    for (const { feature, psi } of window.features) this.gauges.psi.set({ feature }, psi);
    const champion = [...this.parts.set().models.values()].find(({ role }) => role === 'champion');
    if (champion === undefined || drifted.length === 0) return;
    const inputs = window.features.filter(({ reference }) => reference === 'background').length, own = drifted.filter(({ reference }) => reference === 'background').length;
    const hasMoved = drifted.some(({ feature }) => feature === `p:${champion.name}` || feature === 'score') || (inputs > 0 && own / inputs > this.parts.driftShareMax);
    if (hasMoved) this.gauges.wishes.inc({ model: champion.name, reason: 'drift' });
    await this.parts.events.raise({
      what: hasMoved ? 'model_retrain' : 'model_drift', model: champion.name, severity: 'high', kind: 'drift', why: `${drifted.length} of ${window.features.length} features drifted: ${drifted.slice(0, featuresNamedMax).map(({ feature }) => feature).join(', ')}`,
      details: { version: champion.version, from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString(), decisions: window.decisions, features: drifted.slice(0, featuresNamedMax).map(driftDetail) },
    });
  }

  private async measure(thread: MonitorThread): Promise<void> {
    const weeks = await thread.ask('weeks', null);
    for (const { name } of this.parts.set().models.values()) {
      const own = weeks.filter(({ model, answers }) => model === name && answers), rated = own.find(({ auc }) => auc !== null);
      if (rated?.auc != null) this.gauges.auc.set({ model: name }, rated.auc);
      if (rated?.averagePrecision != null) this.gauges.averagePrecision.set({ model: name }, rated.averagePrecision);
      if (own[0]?.alertRate != null) this.gauges.alertRate.set({ model: name }, own[0].alertRate);
    }
  }
}

const driftDetail = ({ feature, psi, jensenShannon, kolmogorovSmirnov, missingRate, newCategories, passed }: DriftOfFeature): Record<string, unknown> =>
  ({ feature, psi, jensen_shannon: jensenShannon, kolmogorov_smirnov: kolmogorovSmirnov?.distance ?? null, missing_rate: missingRate.current, missing_rate_reference: missingRate.reference, new_categories: newCategories.slice(0, 10), passed });
