import type { BackfilledView, EventItem, LaneItem, StreamEvent, Value } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet, type Source } from '@weir/definitions';
import { readField } from '@weir/ingest';

/** The definitions in which views are built: only those views, so that nothing else is kept. */
export const setOfViews = (set: DefinitionSet, views: readonly BackfilledView[]): DefinitionSet => ({ ...set, views: new Map(views.flatMap(({ view }) => { const found = set.views.get(view); return found === undefined ? [] : [[view, found] as const]; })) });

/**
 * A lane's earlier events as the views that are built see them: judged by the definitions of their time, laid out by those of now. A field that its
 * source did not declare then is read from what the event brought; what does not fit its type of now is null.
 */
export class BuildInput {
  private then: DefinitionSet | undefined;
  private readonly byView: ReadonlyMap<string, BackfilledView>;
  private readonly moves = new Map<string, ((event: StreamEvent) => StreamEvent) | undefined>();

  constructor(private readonly now: DefinitionSet, views: readonly BackfilledView[]) { this.byView = new Map(views.map((each) => [each.view, each])); }

  adapt(items: readonly LaneItem[]): LaneItem[] {
    const adapted: LaneItem[] = [];
    for (const item of items) {
      if (item.kind === 'definitions') {
        if (item.json !== undefined) this.use(resolveCanonicalSet(item.json));
        adapted.push({ ...item, setId: this.now.id, json: this.now.canonicalJson, backfill: undefined });
      } else if (item.kind !== 'event') adapted.push(item);
      else if (this.isWanted(item)) adapted.push({ ...item, event: this.moved(item.event) });
    }
    return adapted;
  }

  use(then: DefinitionSet): void {
    this.then = then;
    this.moves.clear();
  }

  /** Views that are built together are built of the same events. */
  private isWanted({ offset, event }: EventItem): boolean {
    for (const { fromMs, afterOffset } of this.byView.values()) if (offset > afterOffset && (fromMs === null || event.timeMs >= fromMs)) return true;
    return false;
  }

  private moved(event: StreamEvent): StreamEvent {
    if (!this.moves.has(event.source)) this.moves.set(event.source, moveOf(this.then?.sources.get(event.source), this.now.sources.get(event.source)));
    return this.moves.get(event.source)?.(event) ?? event;
  }
}

/** Undefined where both lay events out alike. */
function moveOf(then: Source | undefined, now: Source | undefined): ((event: StreamEvent) => StreamEvent) | undefined {
  if (then === undefined || now === undefined) return undefined;
  if (then.fields.length === now.fields.length && then.fields.every(({ name, type }, slot) => now.fields[slot]?.name === name && now.fields[slot]?.type === type)) return undefined;
  const readers = now.fields.map((field): ((event: StreamEvent) => Value) => {
    const slot = then.slotByField.get(field.name);
    if (slot !== undefined) return then.fields[slot]?.type === field.type ? (event) => event.values[slot] ?? null : () => null;
    const reader = readField({ ...field, required: false });
    return (event) => { const raw = event.extra?.[reader.from]; return raw === undefined ? null : reader.read(raw, JSON.stringify({ [reader.from]: raw })) ?? null; };
  });
  return (event) => ({ ...event, values: readers.map((read) => read(event)) });
}
