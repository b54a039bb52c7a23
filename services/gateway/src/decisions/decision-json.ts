import { featureStatuses, isNumericType, type Decision, type FeatureLayout, type FeatureVector } from '@weir/contracts';
import { toIso } from '../schemas/shared.schema';
import { isDecision, type AnyDecision } from './decision-record';

/**
 * A decision as JSON text: the same as `JSON.stringify(decisionRecord(decision))`, without the object in between. The features are most
 * of the text; their names are quoted once per layout.
 */
export function decisionJson(decision: AnyDecision): string {
  if (!isDecision(decision)) return JSON.stringify(decision);
  const { verdict, meta } = decision;
  const { id, transaction_id, event_time, outcome, score, risk_score, decided_by, vector, tx, profiles, set, positions, degraded, degraded_why, ...middle } = verdict;
  return `{"id":"${id}","transaction_id":${JSON.stringify(transaction_id)},"event_time":"${toIso(event_time)}","outcome":"${outcome}","score":${score},"risk_score":${risk_score},"decided_by":"${decided_by}",`
    + `${JSON.stringify(middle).slice(1, -1)},"tx":${JSON.stringify(tx)},"profiles":${JSON.stringify(profiles)},"set":"${set}","positions":${JSON.stringify(positions)},"degraded":${degraded},"degraded_why":${JSON.stringify(degraded_why)},`
    + `${vectorJson(vector)},"meta":${metaJson(meta)}}`;
}

function metaJson(meta: Decision['meta']): string {
  return `{"decided_at":"${toIso(meta.decided_at)}","latency_ms":${JSON.stringify(meta.latency_ms)},"trace_id":${meta.trace_id === null ? 'null' : `"${meta.trace_id}"`}}`;
}

/** `"features":{…},"statuses":{…}` */
function vectorJson(vector: FeatureVector): string {
  const { keys, numeric } = quotedNames(vector.layout);
  const { numbers, others, statuses } = vector;
  let values = '"features":{';
  let states = '},"statuses":{';
  for (let slot = 0; slot < keys.length; slot++) {
    const key = keys[slot] as string;
    values += key;
    if (numeric[slot] === 1) {
      const number = numbers[slot] as number;
      values += number !== number ? 'null' : number;
    } else if (numeric[slot] === 2) {
      const number = numbers[slot] as number;
      values += number !== number ? 'null' : number !== 0;
    } else {
      values += JSON.stringify(others[slot] ?? null);
    }
    states += key + (quotedStatuses[statuses[slot] as number] ?? '"ERROR"');
  }
  return `${values}${states}}`;
}

const quotedStatuses = featureStatuses.map((status) => `"${status}"`);

interface QuotedNames {
  /** `"name":`, from the second on with the comma before it. */
  readonly keys: readonly string[];
  /** 0: in `others`; 1: a number; 2: a bool. */
  readonly numeric: Uint8Array;
}
const quotedByLayout = new WeakMap<FeatureLayout, QuotedNames>();

function quotedNames(layout: FeatureLayout): QuotedNames {
  let quoted = quotedByLayout.get(layout);
  if (quoted === undefined) {
    quoted = {
      keys: layout.names.map((name, slot) => `${slot === 0 ? '' : ','}${JSON.stringify(name)}:`),
      numeric: Uint8Array.from(layout.types, (type) => (type === 'bool' ? 2 : isNumericType(type) ? 1 : 0)),
    };
    quotedByLayout.set(layout, quoted);
  }
  return quoted;
}
