import { traceHeader, type FeatureLayout, type LaneItem } from '@weir/contracts';
import { resolveCanonicalSet, type DefinitionSet } from '@weir/definitions';
import type { StageState } from '../stage';
import { ItemCodec, passedOver } from '../wire';
import type { InputRecord, OutputRecord } from './lane-work';
import { originHeader, originText } from './origin-header';
import { simulatedOffset } from './simulation';

const setKey = 'wire/set';

/** Some records of a lane as items, in order. What was passed over is in `origins` alone. */
export interface ReadItems {
  readonly items: LaneItem[];
  /** When the lane took each item's record. */
  readonly appendedAtMs: readonly number[];
  /** Trace context of each item's request. */
  readonly traceparents: ReadonlyArray<string | undefined>;
  readonly origins: readonly number[];
}

/** Items between two services, of one lane: reads them from records and writes them as such. Keeps the set in force, for vectors have its layout. */
export class ItemBorder {
  private readonly reading = new ItemCodec();
  private readonly writing = new ItemCodec();
  private set: DefinitionSet | undefined;
  private setChanged = false;
  private readonly layoutOf = (source: string): FeatureLayout | undefined => this.set?.layoutBySource.get(source);

  constructor(private readonly lane: number) {}

  /** In force behind the last item read. */
  get inForce(): DefinitionSet | undefined { return this.set; }

  read(inputs: readonly InputRecord[]): ReadItems {
    const items: LaneItem[] = [], appendedAtMs: number[] = [], traceparents: (string | undefined)[] = [], origins: number[] = [];
    for (const { origin, record } of inputs) {
      origins.push(origin);
      const read = this.reading.decode({ lane: this.lane, offset: origin }, record.value, this.layoutOf);
      if (read === undefined) continue;
      if (read.item.kind === 'definitions' && read.item.json !== undefined) this.use(read.item.json);
      items.push(read.item);
      appendedAtMs.push(read.appendedAtMs);
      traceparents.push(record.headers[traceHeader]);
    }
    return { items, appendedAtMs, traceparents, origins };
  }

  /** A record for every origin: its item's, or that it was passed over. */
  write(read: ReadItems): OutputRecord[] {
    const { items, appendedAtMs, origins } = read;
    let next = 0;
    return origins.map((origin) => {
      const item = items[next];
      const isItem = item !== undefined && item.offset === origin;
      const value = isItem ? this.writing.encode(item, appendedAtMs[next] ?? 0) : passedOver;
      if (isItem) next += 1;
      return { origin, record: { key: null, headers: { [originHeader]: originText(this.lane, origin) }, value } };
    });
  }

  /** One item that is of no batch. */
  readOne(payload: Uint8Array): { readonly item: LaneItem; readonly appendedAtMs: number } {
    const read = this.reading.decode({ lane: this.lane, offset: simulatedOffset }, payload, this.layoutOf);
    if (read === undefined) throw new RangeError('an item expected');
    return read;
  }

  writeOne(item: LaneItem, appendedAtMs: number): Uint8Array { return this.writing.encode(item, appendedAtMs); }

  *takeChanges(): Iterable<readonly [key: string, value: Uint8Array | undefined]> {
    if (this.setChanged && this.set !== undefined) yield [setKey, Buffer.from(this.set.canonicalJson, 'utf8')];
    this.setChanged = false;
  }

  restore(state: StageState): void {
    const json = state.get(setKey);
    this.set = json === undefined ? undefined : resolveCanonicalSet(Buffer.from(json).toString('utf8'));
    this.setChanged = false;
  }

  private use(json: string): void {
    this.set = resolveCanonicalSet(json);
    this.setChanged = true;
  }
}
