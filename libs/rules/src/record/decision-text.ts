import { featureStatuses, isNumericType, type Decision, type FeatureLayout, type FeatureVector, type Verdict } from '@weir/contracts';

/** A decision as JSON text, as HTTP answers it. The features are most of the text; their names are quoted once per layout. */
export function decisionText({ verdict: v, meta }: Decision): string {
  return `{"id":"${v.id}","transaction_id":${JSON.stringify(v.transaction_id)},"event_time":"${toIso(v.event_time)}","outcome":"${v.outcome}","score":${v.score},"risk_score":${v.risk_score}`
    + `,"decided_by":"${v.decided_by}","overruled":${list(v.overruled)},"reasons":${list(v.reasons)},"rules":${list(v.rules)},"patterns":${list(v.patterns)},"matches":${list(v.matches)}`
    + `,"unknown":${list(v.unknown)},"shadow":${list(v.shadow)},"lists":${list(v.lists)},"list_changes":${list(v.list_changes)},"tags":${list(v.tags)},"alert":${v.alert},"policy":${JSON.stringify(v.policy)}`
    + `,"model":${v.model === null ? 'null' : JSON.stringify(v.model)},"other_models":${JSON.stringify(v.other_models)},"tx":${JSON.stringify(v.tx)},"profiles":${JSON.stringify(v.profiles)}`
    + `,"set":"${v.set}","positions":${v.positions === null ? 'null' : JSON.stringify(v.positions)},"degraded":${v.degraded},"degraded_why":${list(v.degraded_why)}${whereThere(v)}`
    + `,${vectorJson(v.vector)},"meta":${metaJson(meta)}}`;
}

const toIso = (ms: number): string => new Date(ms).toISOString();

/** What a verdict need not have; a re-run needs what is there. */
function whereThere({ marks, snoozed, lists_read, explored, propensity, source }: Verdict): string {
  return (marks === undefined ? '' : `,"marks":${list(marks)}`) + (snoozed === undefined ? '' : `,"snoozed":${list(snoozed)}`) + (lists_read === undefined ? '' : `,"lists_read":${list(lists_read)}`)
    + (explored === undefined ? '' : `,"explored":${explored}`) + (propensity === undefined ? '' : `,"propensity":${propensity}`) + (source === undefined ? '' : `,"source":${JSON.stringify(source)}`);
}

/** Most lists of most decisions are empty. */
const list = (values: readonly unknown[]): string => (values.length === 0 ? '[]' : JSON.stringify(values));

function metaJson(meta: Decision['meta']): string {
  return `{"decided_at":"${toIso(meta.decided_at)}","latency_ms":${JSON.stringify(meta.latency_ms)},"trace_id":${meta.trace_id === null ? 'null' : `"${meta.trace_id}"`}}`;
}

/** `"features":{…},"statuses":{…}` */
function vectorJson(vector: FeatureVector): string {
  const quoted = quotedNames(vector.layout);
  const { keys, forms } = quoted;
  const { numbers, others } = vector;
  let values = '"features":{';
  for (let slot = 0; slot < keys.length; slot++) {
    const number = numbers[slot] as number;
    if (forms[slot] === otherForm) values += (keys[slot] as string) + JSON.stringify(others[slot] ?? null);
    else if (number !== number) values += `${keys[slot] as string}null`;
    else values += (keys[slot] as string) + (forms[slot] === boolForm ? number !== 0 : number);
  }
  return `${values}},"statuses":${statusesJson(quoted, vector.statuses)}`;
}

/** One decision's statuses are mostly those of the one before. */
function statusesJson(quoted: QuotedNames, statuses: Uint8Array): string {
  if (quoted.lastStatuses !== undefined && sameBytes(quoted.lastStatuses, statuses)) return quoted.lastText;
  let text = '{';
  quoted.keys.forEach((key, slot) => { text += key + (quotedStatuses[statuses[slot] as number] ?? '"ERROR"'); });
  quoted.lastStatuses = statuses.slice();
  quoted.lastText = `${text}}`;
  return quoted.lastText;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}

const quotedStatuses = featureStatuses.map((status) => `"${status}"`);
const otherForm = 0, numberForm = 1, boolForm = 2;

interface QuotedNames {
  /** `"name":`, from the second on with the comma before it. */
  readonly keys: readonly string[];
  readonly forms: Uint8Array;
  lastStatuses: Uint8Array | undefined;
  lastText: string;
}
const quotedByLayout = new WeakMap<FeatureLayout, QuotedNames>();

function quotedNames(layout: FeatureLayout): QuotedNames {
  let quoted = quotedByLayout.get(layout);
  if (quoted === undefined) {
    quoted = {
      keys: layout.names.map((name, slot) => `${slot === 0 ? '' : ','}${JSON.stringify(name)}:`),
      forms: Uint8Array.from(layout.types, (type) => (type === 'bool' ? boolForm : isNumericType(type) ? numberForm : otherForm)),
      lastStatuses: undefined, lastText: '',
    };
    quotedByLayout.set(layout, quoted);
  }
  return quoted;
}
