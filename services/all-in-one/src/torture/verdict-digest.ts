import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Root, type Type } from 'protobufjs';
import { repositoryRoot } from '../folders';

/** What is held against one another of a decision in the topic and of a line of the run without faults: everything that both have, by name. */
type Fields = Readonly<Record<string, unknown>>;

const digestOf = (fields: Fields): string => createHash('sha1').update(JSON.stringify(fields)).digest('base64');

/** Digest of a verdict as `weir decide` and the export write it. */
export function digestOfLine(line: string): { readonly transactionId: string; readonly digest: string } {
  const v = JSON.parse(line) as Record<string, unknown>; // canonical JSON of a verdict
  const statuses = v['statuses'] as Record<string, string>, features = v['features'] as Record<string, unknown>;
  return {
    transactionId: String(v['transaction_id']),
    digest: digestOf({
      event_time: v['event_time'], outcome: v['outcome'], score: v['score'], decided_by: v['decided_by'], overruled: v['overruled'],
      reasons: (v['reasons'] as ReadonlyArray<Record<string, unknown>>).map(({ kind, name, text, contribution }) => [kind, name, text, contribution]),
      rules: v['rules'], patterns: v['patterns'], unknown: v['unknown'], shadow: v['shadow'], lists: v['lists'], alert: v['alert'], policy: v['policy'], set: v['set'], degraded: v['degraded'],
      model: (v['model'] as { p: number | null } | null)?.p ?? null, features: Object.keys(features).sort().map((name) => [name, features[name], statuses[name]]),
    }),
  };
}

interface ProtoTime { readonly seconds: number; readonly nanos: number }
interface ProtoValue { readonly nullValue?: unknown; readonly numberValue?: number; readonly stringValue?: string; readonly boolValue?: boolean; readonly listValue?: { readonly values?: readonly ProtoValue[] }; readonly structValue?: { readonly fields?: Readonly<Record<string, ProtoValue>> } }
/** The message of risk_service.proto as protobufjs gives it, so far as it is looked at. */
interface ProtoDecision {
  readonly id: string; readonly transactionId: string; readonly eventTime: ProtoTime; readonly outcome: string; readonly score: number; readonly decidedBy: string; readonly overruled: readonly string[];
  readonly reasons: ReadonlyArray<{ readonly kind: string; readonly name: string; readonly text: string; readonly contribution: number }>;
  readonly rules: readonly string[]; readonly patterns: readonly string[]; readonly unknown: readonly string[]; readonly shadow: readonly string[]; readonly lists: readonly string[];
  readonly alert: boolean; readonly policy: string; readonly set: string; readonly degraded: boolean; readonly model: { readonly p?: number } | null;
  readonly features: ReadonlyArray<{ readonly name: string; readonly value: ProtoValue | null; readonly status: string }>;
}

export interface TopicDecision { readonly id: string; readonly transactionId: string; readonly outcome: string; readonly score: number; readonly degraded: boolean; readonly digest: string }

/** Reads decisions by the published .proto files and a public library: nothing of it is shared with what wrote them. */
export class DecisionReader {
  private readonly type: Type;

  constructor() {
    const folder = join(repositoryRoot(), 'libs', 'contracts', 'proto');
    const root = new Root();
    const common = root.resolvePath.bind(root);
    root.resolvePath = (origin, target) => (target.startsWith('weir/') ? join(folder, target) : common(origin, target));
    this.type = root.loadSync('weir/v1/risk_service.proto').lookupType('weir.v1.Decision');
  }

  read(bytes: Uint8Array): TopicDecision {
    const v = this.type.toObject(this.type.decode(bytes), { enums: String, longs: Number, defaults: true, arrays: true }) as unknown as ProtoDecision; // what the file declares
    const outcome = v.outcome.replace('OUTCOME_', '').toLowerCase();
    return {
      id: v.id, transactionId: v.transactionId, outcome, score: v.score, degraded: v.degraded,
      digest: digestOf({
        event_time: v.eventTime.seconds * 1_000 + v.eventTime.nanos / 1e6, outcome, score: v.score, decided_by: v.decidedBy, overruled: v.overruled,
        reasons: v.reasons.map(({ kind, name, text, contribution }) => [kind, name, text, contribution]),
        rules: v.rules, patterns: v.patterns, unknown: v.unknown, shadow: v.shadow, lists: v.lists, alert: v.alert, policy: v.policy, set: v.set, degraded: v.degraded,
        model: v.model?.p ?? null, features: [...v.features].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, value, status }) => [name, valueOf(value), status.replace('FEATURE_STATUS_', '')]),
      }),
    };
  }
}

function valueOf(value: ProtoValue | null): unknown {
  if (value === null) return null;
  if (value.numberValue !== undefined) return value.numberValue;
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.listValue !== undefined) return (value.listValue.values ?? []).map(valueOf);
  if (value.structValue !== undefined) return Object.fromEntries(Object.entries(value.structValue.fields ?? {}).map(([name, inner]) => [name, valueOf(inner)]));
  return null;
}
