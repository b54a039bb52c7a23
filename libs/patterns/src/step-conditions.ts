import { WeirError, type StreamEvent } from '@weir/contracts';
import { eventFieldReader, patternEnvironment, type DefinitionSet, type Pattern } from '@weir/definitions';
import { compileCondition } from '@weir/expressions';
import { compilePattern, type CompiledPattern } from './compile';
import type { StepCondition, TakenView } from './condition';
import { compileJsonCondition, isJsonCondition } from './json-condition';
import { mapConditions, plainSteps } from './pattern';
import { readPattern, type WrittenCondition } from './shorthand';
import type { EventContext } from './event-context';
import { selectorOf } from './selector';

/** A pattern of a set, compiled, and what its conditions read. */
export interface PatternProgram {
  readonly pattern: Pattern;
  readonly compiled: CompiledPattern<StreamEvent>;
  /** Whether a condition reads features or profiles, which surround the event, besides the event and the events taken. */
  readonly reads: 'event' | 'surroundings';
  /** Fields its conditions read, of the event in hand and of those taken. */
  readonly fields: ReadonlySet<string>;
  readonly takenFields: ReadonlySet<string>;
}

/**
 * Compiles a pattern of a set of definitions; its conditions read events through `context`.
 * @throws WeirError WEIR_PATTERN_INVALID or WEIR_EXPRESSION_INVALID.
 */
export function compileProgram(set: DefinitionSet, pattern: Pattern, context: EventContext): PatternProgram {
  const { pattern: written, skip } = readPattern({ steps: pattern.steps, withinMs: pattern.withinMs, skip: pattern.skip });
  const steps = [...plainSteps(written.steps)].map((step) => step.name ?? '');
  const environment = patternEnvironment(set, pattern, steps);
  const readField = fieldReader(set, pattern.sources);
  const fields = new Set<string>(), takenFields = new Set<string>();
  let reads: PatternProgram['reads'] = 'event';
  const compileWritten = (condition: WrittenCondition): StepCondition<StreamEvent> => {
    if (typeof condition !== 'string') {
      if (!isJsonCondition(condition)) throw new WeirError('WEIR_PATTERN_INVALID', `${pattern.name}: not a condition: ${JSON.stringify(condition)}`);
      for (const field of fieldsOfJson(condition)) { fields.add(field); takenFields.add(field); }
      return compileJsonCondition(condition, readField);
    }
    const compiled = compileCondition(condition, environment);
    const taken = new Set<string>();
    let immediate = false;
    for (const path of compiled.reads) {
      const [root = '', field] = path.split('.');
      if (root === 'tx') { if (field !== undefined) fields.add(field); }
      else if (steps.includes(root)) { taken.add(root); if (field !== undefined) takenFields.add(field); }
      else { immediate = true; reads = 'surroundings'; }
    }
    return { key: condition, iterative: taken.size > 0, immediate, holds: holdsOf(compiled.evaluate, context, { steps: [...taken], immediate }), selector: selectorOf(compiled.tree) };
  };
  // A pattern that cannot skip must not stop a lane: what the case form can ask for by throwOnMiss, definitions cannot.
  const lenient = 'pattern' in skip ? { strategy: skip.strategy, pattern: skip.pattern } : skip;
  const compiled = compilePattern(mapConditions(written, compileWritten), lenient);
  return { pattern, compiled, reads, fields, takenFields };
}

function holdsOf(evaluate: (frame: EventContext['frame']) => unknown, context: EventContext, { steps, immediate }: { readonly steps: readonly string[]; readonly immediate: boolean }): (event: StreamEvent, taken: TakenView<StreamEvent>) => boolean {
  const alone = steps.length === 0;
  return (event, taken) => {
    if (immediate && !context.knows(event)) return false;
    const frame = context.see(event);
    if (!alone) frame.taken = new Map(steps.map((step) => [step, taken.eventsOf(step)]));
    return evaluate(frame) === true;
  };
}

/** Reads a field of an event of any of the sources; `$ts` is its time. */
export function fieldReader(set: Pick<DefinitionSet, 'sources'>, sources: readonly string[]): (event: StreamEvent, field: string) => unknown {
  const bySource = new Map<string, Map<string, ((event: StreamEvent) => unknown) | undefined>>(sources.map((name) => [name, new Map()]));
  return (event, field) => {
    if (field === '$ts') return event.timeMs;
    const readers = bySource.get(event.source), source = set.sources.get(event.source);
    if (readers === undefined || source === undefined) return undefined;
    let read = readers.get(field);
    if (read === undefined && !readers.has(field)) readers.set(field, read = eventFieldReader(source, field)?.read);
    return read?.(event);
  };
}

function fieldsOfJson(condition: unknown): string[] {
  if (Array.isArray(condition)) return condition.flatMap(fieldsOfJson);
  if (typeof condition !== 'object' || condition === null) return [];
  return Object.entries(condition).flatMap(([key, value]) => ((key === 'field' || key === 'current') && typeof value === 'string' ? [value] : fieldsOfJson(value)));
}
