import { WeirError } from '@weir/contracts';
import { compilePattern, type CompiledPattern } from './compile';
import { compileJsonCondition, readJsonField, type JsonCondition, type JsonEvent } from './json-condition';
import { KeyState } from './key-state';
import { PatternMachine } from './machine';
import { defaultLimits, type PatternOutcome } from './outcome';
import { mapConditions, type Pattern, type SkipStrategy } from './pattern';
import { decodeKeyState, encodeKeyState } from './state-codec';

type CaseMatch = Readonly<Record<string, readonly string[]>>;
interface CaseOutput { matches: CaseMatch[]; timeouts: { match: CaseMatch; at: number }[] }
export interface PatternCaseAnswer extends CaseOutput {
  name: string;
  flush: CaseOutput;
  late: string[];
  error: { phase: 'compile' | 'run'; message: string } | null;
}

/** A pattern case: a pattern, events and how they arrive. */
export interface PatternCase {
  readonly name: string;
  readonly pattern: Pattern<JsonCondition>;
  readonly skip?: SkipStrategy;
  readonly events: readonly JsonEvent[];
  readonly keyBy?: string;
  readonly stream?: readonly ({ readonly event: string } | { readonly watermark: number })[];
  /** After these many events the whole state is written and read back. */
  readonly restoreAfter?: readonly number[];
}

/** A case is held whole: what it asks is all there is. */
const limits = { ...defaultLimits, branchesPerEventMax: defaultLimits.partialMatchesMax };

/** Answers one pattern case; whatever is wrong with it is in `error`. */
export function answerPatternCase(asked: PatternCase): PatternCaseAnswer {
  const answer: PatternCaseAnswer = { name: asked.name, matches: [], timeouts: [], flush: { matches: [], timeouts: [] }, late: [], error: null };
  let compiled: CompiledPattern<JsonEvent>;
  try {
    compiled = compilePattern(mapConditions(asked.pattern, (condition) => compileJsonCondition(condition, readJsonField)), asked.skip);
  } catch (error) {
    return { ...answer, error: { phase: 'compile', message: messageOf(error) } };
  }
  try {
    if (asked.stream) answerStream(asked, asked.stream, new PatternMachine(compiled, { limits }), answer);
    else answerInOrder(asked, new PatternMachine(compiled, { limits }), answer);
  } catch (error) {
    return { ...answer, error: { phase: 'run', message: messageOf(error) } };
  }
  return answer;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function answerInOrder(asked: PatternCase, machine: PatternMachine<JsonEvent>, answer: PatternCaseAnswer): void {
  const out: PatternOutcome<JsonEvent>[] = [];
  const restores = new Set(asked.restoreAfter ?? []);
  let state = new KeyState<JsonEvent>();
  for (const [at, event] of asked.events.entries()) {
    machine.advance(state, event.ts, out);
    machine.step(state, event, event.ts, out);
    if (restores.has(at + 1)) state = decodeKeyState(encodeKeyState(state, jsonEventCodec), machine.compiled, jsonEventCodec);
  }
  collect(out.splice(0), answer);
  machine.advance(state, Infinity, out);
  collect(out, answer.flush);
}

function answerStream(asked: PatternCase, stream: NonNullable<PatternCase['stream']>, machine: PatternMachine<JsonEvent>, answer: PatternCaseAnswer): void {
  const eventById = new Map(asked.events.map((event) => [event.id, event]));
  const byKey = new Map<unknown, { state: KeyState<JsonEvent>; buffer: JsonEvent[] }>();
  let watermarkMs = -Infinity;
  for (const entry of [...stream, { watermark: Infinity }]) {
    if ('watermark' in entry) {
      watermarkMs = Math.max(watermarkMs, entry.watermark);
      for (const keyed of byKey.values()) release(keyed, watermarkMs, machine, answer);
      continue;
    }
    const event = eventById.get(entry.event);
    if (!event) throw new WeirError('WEIR_INPUT_INVALID', `no event ${entry.event}`);
    if (event.ts <= watermarkMs) { answer.late.push(event.id); continue; }
    const key = asked.keyBy === undefined ? '' : event[asked.keyBy];
    const keyed = byKey.get(key) ?? { state: new KeyState<JsonEvent>(), buffer: [] };
    byKey.set(key, keyed);
    keyed.buffer.push(event);
  }
}

function release(keyed: { state: KeyState<JsonEvent>; buffer: JsonEvent[] }, watermarkMs: number, machine: PatternMachine<JsonEvent>, answer: CaseOutput): void {
  const out: PatternOutcome<JsonEvent>[] = [];
  const due = keyed.buffer.filter((event) => event.ts <= watermarkMs).sort((a, b) => a.ts - b.ts);
  keyed.buffer = keyed.buffer.filter((event) => event.ts > watermarkMs);
  for (const event of due) {
    machine.advance(keyed.state, event.ts, out);
    machine.step(keyed.state, event, event.ts, out);
  }
  machine.advance(keyed.state, watermarkMs, out);
  collect(out, answer);
}

function collect(outcomes: readonly PatternOutcome<JsonEvent>[], into: CaseOutput): void {
  for (const outcome of outcomes) {
    if (outcome.kind === 'limit') throw new WeirError('WEIR_LIMIT_REACHED', `${outcome.limit} of ${outcome.max} reached`);
    const match = Object.fromEntries([...outcome.steps].map(([step, events]) => [step, events.map((event) => event.id)]));
    if (outcome.kind === 'match') into.matches.push(match);
    else into.timeouts.push({ match, at: outcome.atMs });
  }
}

/** Events of plain JSON as bytes. */
export const jsonEventCodec = {
  encode: (event: JsonEvent): Uint8Array => Buffer.from(JSON.stringify(event)),
  decode: (bytes: Uint8Array): JsonEvent => toEvent(JSON.parse(Buffer.from(bytes).toString('utf8'))),
};

function toEvent(value: unknown): JsonEvent {
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string' && 'ts' in value && typeof value.ts === 'number') return { ...value, id: value.id, ts: value.ts };
  throw new WeirError('WEIR_INPUT_INVALID', 'an event needs id and ts');
}
