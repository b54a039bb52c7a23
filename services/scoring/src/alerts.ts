import type { LaneItem, PatternMatch, Verdict } from '@weir/contracts';
import type { Action, DefinitionSet, RuleLike } from '@weir/definitions';

/**
 * Something to be told outside, as a CloudEvents 1.0 event. `id` is the origin with what raised it and its key, so a replay gives the same one and
 * readers take the first.
 */
export interface Alert {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  /** `weir.model.v1`: it is about a model, not about a transaction. */
  readonly type: 'weir.alert.v1' | 'weir.model.v1';
  readonly subject: string;
  /** Event time, ISO 8601. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: AlertData;
  /** Addresses of `webhook` actions, to which the alert is delivered besides. */
  readonly webhooks: readonly string[];
}

export interface AlertData {
  readonly severity: string;
  /**
   * A decision, a match given by time alone, a partial match that ran out of time, or a pattern that gave up partial matches at its bound; of a model:
   * its former version came back, it should be trained again, what it sees has drifted, or it is in trouble and there is nothing to go back to.
   */
  readonly what: 'decided' | 'matched' | 'timed_out' | 'limit' | 'model_returned' | 'model_retrain' | 'model_drift' | 'model_trouble';
  readonly raised_by: { readonly kind: 'score' | 'rule' | 'pattern' | 'model'; readonly name: string; readonly key: string | null };
  readonly decision_id: string | null;
  readonly transaction: Readonly<Record<string, unknown>> | null;
  readonly outcome: string | null;
  readonly score: number | null;
  readonly reasons: Verdict['reasons'];
  /** Events of the match, by step, where a pattern raised it. */
  readonly events: Readonly<Record<string, readonly string[]>> | null;
  /** Of a model: the figures behind it. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Of `limit`: the bound that was reached, and how many partial matches or matches were given up at it. */
  readonly limit?: NonNullable<PatternMatch['limit']>;
}

type Raiser = AlertData['raised_by'];
const defaultSeverity = 'high';
/** A late event is told in the topic of matches alone. */
const whatOf = { match: 'matched', timeout: 'timed_out', limit: 'limit' } as const;

/**
 * The score's own alert, one per live rule or pattern with an `alert` or `webhook` action that fired, one per live match given by time alone, per
 * time-out of a live pattern that asks for it, and per live pattern and key that reached its bound.
 * Several matches of one pattern and key at one place of the lane are one alert.
 */
export function alertsOf(item: LaneItem, set: DefinitionSet): Alert[] {
  const alerts: Alert[] = [];
  if (item.kind === 'event' && item.verdict) alerts.push(...alertsOfVerdict(item, item.verdict, set));
  for (const match of item.matches) {
    const { kind } = match;
    const pattern = (match.byEvent && kind === 'match') || match.mode !== 'live' ? undefined : set.patterns.get(match.pattern);
    if (pattern && kind !== 'late' && (kind !== 'timeout' || pattern.onTimeout === 'alert')) alerts.push(alertOfMatch(item, { ...match, kind }, pattern));
  }
  return alerts.length < 2 ? alerts : [...new Map(alerts.map((alert) => [alert.id, alert])).values()];
}

function alertsOfVerdict(item: LaneItem, verdict: Verdict, set: DefinitionSet): Alert[] {
  const alerts: Alert[] = [];
  const alertAbove = set.policies.get(verdict.policy)?.alertAbove ?? 0.8;
  if (verdict.score > alertAbove) alerts.push(alertOfVerdict(item, verdict, { kind: 'score', name: verdict.policy, key: null }, { severity: defaultSeverity, webhooks: [] }));
  for (const name of verdict.rules) push(alerts, set.rules.get(name), (told) => alertOfVerdict(item, verdict, { kind: 'rule', name, key: null }, told));
  for (const name of verdict.patterns) {
    const match = item.matches.find(({ pattern, byEvent, kind }) => pattern === name && byEvent && kind === 'match');
    push(alerts, set.patterns.get(name), (told) => alertOfVerdict(item, verdict, { kind: 'pattern', name, key: match?.key ?? null }, told));
  }
  return alerts;
}

interface Told { readonly severity: string; readonly webhooks: readonly string[] }

function push(alerts: Alert[], definition: RuleLike | undefined, make: (told: Told) => Alert): void {
  const told = definition && toldBy(definition.then);
  if (told) alerts.push(make(told));
}

/** undefined when no action tells anybody. */
function toldBy(actions: readonly Action[]): Told | undefined {
  const severity = actions.find((action) => action.do === 'alert')?.severity;
  const webhooks = actions.flatMap((action) => (action.do === 'webhook' ? [action.url] : []));
  return severity === undefined && webhooks.length === 0 ? undefined : { severity: severity ?? 'info', webhooks };
}

function alertOfVerdict(item: LaneItem, verdict: Verdict, raisedBy: Raiser, { severity, webhooks }: Told): Alert {
  const events = raisedBy.kind === 'pattern' ? verdict.matches.find(({ pattern }) => pattern === raisedBy.name)?.events ?? null : null;
  return envelope(item, { raisedBy, timeMs: verdict.event_time, subject: verdict.transaction_id, webhooks }, {
    severity, what: 'decided', raised_by: raisedBy, decision_id: verdict.id, transaction: verdict.tx, outcome: verdict.outcome, score: verdict.score, reasons: verdict.reasons, events,
  });
}

function alertOfMatch(item: LaneItem, match: PatternMatch & { readonly kind: keyof typeof whatOf }, pattern: RuleLike): Alert {
  const { severity, webhooks } = toldBy(pattern.then) ?? { severity: defaultSeverity, webhooks: [] };
  const raisedBy: Raiser = { kind: 'pattern', name: match.pattern, key: match.key };
  return envelope(item, { raisedBy, timeMs: match.lastTimeMs, subject: match.key, webhooks }, {
    severity, what: whatOf[match.kind], raised_by: raisedBy, decision_id: null, transaction: null, outcome: null, score: null, reasons: [], events: match.events, ...(match.limit === undefined ? {} : { limit: match.limit }),
  });
}

function envelope({ lane, offset }: LaneItem, about: { raisedBy: Raiser; timeMs: number; subject: string; webhooks: readonly string[] }, data: AlertData): Alert {
  const { kind, name, key } = about.raisedBy;
  return {
    specversion: '1.0', id: ['a', lane, offset, ...(data.what === 'decided' || data.what === 'matched' ? [] : [data.what]), kind, name, ...(key === null ? [] : [key])].join('-'), source: `/weir/lanes/${lane}`, type: 'weir.alert.v1',
    subject: about.subject, time: new Date(about.timeMs).toISOString(), datacontenttype: 'application/json', data, webhooks: about.webhooks,
  };
}
