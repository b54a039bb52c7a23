import { WeirError, type IngestRefusal, type LaneItem, type ListChange } from '@weir/contracts';
import type { StageState } from '@weir/pipeline';

/** What decisions of a lane add to lists, for the other lanes: there it holds from its place on. In the order of the decisions. */
export function additionsOf(outcomes: readonly (LaneItem | IngestRefusal)[]): ListChange[] {
  const additions: ListChange[] = [];
  for (const outcome of outcomes) {
    if (outcome.kind !== 'event' || outcome.verdict === undefined || outcome.verdict.list_changes.length === 0) continue;
    const { lane, offset, event, verdict } = outcome;
    for (const { list, value, until } of verdict.list_changes) additions.push({ op: 'put', list, value, fromMs: event.timeMs, untilMs: until, by: verdict.id, reason: '', origin: { lane, offset } });
  }
  return additions;
}

const stateKey = 'sc/added';
const formatVersion = 1;

/**
 * What other lanes' decisions added to lists, each once: another lane may tell it again after a crash, and what was removed here since must not come back.
 * They are told in the order of their origins, so the last one of each lane is all there is to know.
 */
export class ForeignAdditions {
  private readonly lastByLane = new Map<number, number>();
  private isChanged = false;

  /** The changes of a record without those that are here already. */
  fresh(changes: readonly ListChange[]): readonly ListChange[] {
    if (changes.every((change) => originOf(change) === undefined)) return changes;
    const known = new Map(this.lastByLane);
    return changes.filter((change) => {
      const origin = originOf(change);
      if (origin === undefined) return true;
      if (origin.offset <= (known.get(origin.lane) ?? -1)) return false;
      this.lastByLane.set(origin.lane, Math.max(origin.offset, this.lastByLane.get(origin.lane) ?? -1));
      return this.isChanged = true;
    });
  }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array]> {
    if (this.isChanged) yield [stateKey, Buffer.from(`${String.fromCharCode(formatVersion)}${JSON.stringify([...this.lastByLane].sort(([a], [b]) => a - b))}`, 'utf8')];
    this.isChanged = false;
  }

  restore(state: StageState): void {
    this.lastByLane.clear();
    this.isChanged = false;
    const bytes = state.get(stateKey);
    if (bytes === undefined) return;
    if (bytes[0] !== formatVersion) throw new WeirError('WEIR_STORE_FAILED', `${stateKey} has format ${bytes[0]}, ${formatVersion} expected`);
    const pairs = JSON.parse(Buffer.from(bytes.subarray(1)).toString('utf8')) as readonly (readonly [number, number])[]; // written by takeChanges
    for (const [lane, offset] of pairs) this.lastByLane.set(lane, offset);
  }
}

const originOf = (change: ListChange): { readonly lane: number; readonly offset: number } | undefined => (change.op === 'put' ? change.origin : undefined);
