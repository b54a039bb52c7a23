import { WeirError, type StreamEvent } from '@weir/contracts';
import { meaningId, sha256Hex, type DefinitionSet, type Pattern } from '@weir/definitions';
import { compileProgram, fieldReader, PatternGroup, type EventCodec, type EventContext, type GroupMember, type PatternLimits, type PatternProgram } from '@weir/patterns';
import { keyReader, type KeyReader } from './entity-key';
import { eventCodec, surroundedCodec } from './event-codec';
import { statePrefix } from './state-keys';

/** One version of a pattern that is in force, or that finishes what it has begun. */
export interface PlannedPattern { readonly id: string; readonly pattern: Pattern; readonly sinceOffset: number; readonly begins: boolean; /** The set that defined it. */ readonly setId: string }

/** Patterns of one entity over the same sources, matched in the same way: they share keys and clock. */
export interface PlannedGroup {
  readonly id: string;
  /** Two plans of the same signature read and write the same state, and give the same. */
  readonly signature: string;
  readonly sources: readonly string[];
  readonly ordered: boolean;
  readonly group: PatternGroup<StreamEvent>;
  readonly patternById: ReadonlyMap<string, PlannedPattern>;
  readonly keyBySource: ReadonlyMap<string, KeyReader>;
  /** Names of the eager patterns in force; they are part of decisions. */
  readonly decisive: readonly string[];
  /** Codecs that write by this plan and read into the schemas of another set. */
  readonly readInto: (set: DefinitionSet) => { readonly codec: EventCodec<StreamEvent>; readonly takenCodec: EventCodec<StreamEvent> };
}

export interface PlanOptions {
  readonly context: EventContext;
  readonly timeouts: boolean;
  readonly limits: PatternLimits;
  readonly keysMax: number;
  /** Keys in memory, over all groups. */
  readonly hotKeysMax: number;
  /** State that was handed over, by group; undefined: all is kept in memory. */
  readonly stored: ((groupId: string, key: string) => Uint8Array | undefined) | undefined;
  /** Groups in force: those that mean the same go on as they are. */
  readonly before: ReadonlyMap<string, PlannedGroup>;
}

/** Least keys held in memory per group, however many groups there are. */
const hotKeysPerGroupMin = 1_000;

export const patternId = (pattern: Pick<Pattern, 'name' | 'version'>): string => `${pattern.name}@${pattern.version}`;

/** Groups of the patterns, by group id. A finishing pattern that the set's sources no longer fit is left out. */
export function planGroups(set: DefinitionSet, patterns: readonly PlannedPattern[], options: PlanOptions): Map<string, PlannedGroup> {
  const rowsByGroup = new Map<string, { planned: PlannedPattern; program: PatternProgram }[]>();
  for (const planned of patterns) {
    const program = programOf(set, planned, options.context);
    if (program === undefined) continue;
    const id = groupId(planned.pattern, options.timeouts);
    const rows = rowsByGroup.get(id);
    if (rows) rows.push({ planned, program });
    else rowsByGroup.set(id, [{ planned, program }]);
  }
  const shape = [...set.sources.values(), ...set.entities.values(), ...set.views.values(), ...set.tables.values()].map(meaningId).join();
  const hotKeysMax = Math.max(Math.min(hotKeysPerGroupMin, options.hotKeysMax), Math.floor(options.hotKeysMax / Math.max(1, rowsByGroup.size)));
  return new Map([...rowsByGroup].map(([id, rows]) => [id, planGroup(set, id, rows, { ...options, hotKeysMax, shape })]));
}

function programOf(set: DefinitionSet, planned: PlannedPattern, context: EventContext): PatternProgram | undefined {
  try {
    return compileProgram(set, planned.pattern, context);
  } catch (error) {
    if (!planned.begins && error instanceof WeirError) return undefined;
    throw error;
  }
}

/** Patterns whose time-outs are told are apart: telling them costs a run of the pattern. */
const groupId = ({ entity, sources, matching, onTimeout }: Pattern, all: boolean): string => [entity, sources.map(encodeURIComponent).join('+'), matching, ...(onTimeout === 'none' || all ? [] : ['timeouts'])].join('~');

function planGroup(set: DefinitionSet, id: string, rows: readonly { planned: PlannedPattern; program: PatternProgram }[], { context, timeouts, limits, keysMax, hotKeysMax, stored, before, shape }: PlanOptions & { readonly shape: string }): PlannedGroup {
  const first = rows[0];
  if (first === undefined) throw new RangeError('a group without patterns');
  const { sources, entity, matching } = first.planned.pattern;
  const ordered = matching === 'ordered';
  const members = rows.map(({ planned, program }): GroupMember<StreamEvent> => ({ id: planned.id, compiled: program.compiled, sinceOffset: planned.sinceOffset, begins: planned.begins }));
  const signature = sha256Hex([shape, ...members.map((member) => `${member.id} ${member.sinceOffset} ${member.begins}`)].join());
  const same = before.get(id)?.signature === signature ? before.get(id) : undefined;
  const readInto = same?.readInto ?? codecs(set, { sources, rows, context, ordered });
  const options = { name: statePrefix(id), timeOf: (event: StreamEvent) => event.timeMs, readField: fieldReader(set, sources), ...readInto(set), ordered, timeouts: timeouts || first.planned.pattern.onTimeout !== 'none', limits, keysMax, hotKeysMax, ...(stored === undefined ? {} : { stored: (key: string) => stored(id, key) }) };
  return {
    id, signature, sources, ordered, readInto,
    group: same?.group ?? new PatternGroup(members, options),
    patternById: new Map(rows.map(({ planned }) => [planned.id, planned])),
    keyBySource: new Map(sources.flatMap((source) => { const reader = keyReader(set, entity, source); return reader ? [[source, reader] as const] : []; })),
    decisive: ordered ? [] : rows.filter(({ planned }) => planned.begins).map(({ planned }) => planned.pattern.name),
  };
}

function codecs(set: DefinitionSet, plan: { sources: readonly string[]; rows: readonly { program: PatternProgram }[]; context: EventContext; ordered: boolean }): PlannedGroup['readInto'] {
  const names = (of: (program: PatternProgram) => ReadonlySet<string>): string[] => [...new Set(plan.rows.flatMap(({ program }) => [...of(program)]))].filter((name) => name !== '$ts').sort();
  const all = names(({ fields, takenFields }) => new Set([...fields, ...takenFields])), taken = names(({ takenFields }) => takenFields);
  const needsSurroundings = plan.ordered && plan.rows.some(({ program }) => program.reads === 'surroundings');
  return (readSet) => {
    const shared = { sourceNames: plan.sources, readSources: readSet.sources, writeSources: set.sources };
    const codec = eventCodec({ ...shared, fields: all });
    return {
      codec: needsSurroundings ? surroundedCodec(codec, plan.context, (source) => readSet.layoutBySource.get(source)) : codec,
      takenCodec: eventCodec({ ...shared, fields: taken }),
    };
  };
}
