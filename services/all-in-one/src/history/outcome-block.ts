import type { EventItem } from '@weir/contracts';
import type { HistoryOutcome } from '@weir/ports';
import type { Outcome } from '@weir/pipeline';

/** What is kept of a record's outcome. `detail` is absent for a decided event, whose decision says all of it, and for what is no event. */
export interface KeptOutcome { readonly outcome: HistoryOutcome; readonly detail: OutcomeDetail | undefined }
export type OutcomeDetail = readonly [source: string, id: string | null, eventTimeMs: number | null, receivedAtMs: number | null, reason: string | null, field: string | null, entities: readonly string[]];

const codes = ['control', 'accepted', 'duplicate', 'conflict', 'quarantined'] as const satisfies readonly HistoryOutcome[];
const codeOf: Readonly<Record<HistoryOutcome, number>> = { control: 0, accepted: 1, duplicate: 2, conflict: 3, quarantined: 4 };
const headBytes = 4;

/** Gathers outcomes in the order of the lane: a byte each, and details as JSON of those that need them. */
export class OutcomePacker {
  private codes = new Uint8Array(1 << 12);
  private details: Array<readonly [index: number, ...OutcomeDetail]> = [];
  count = 0;
  private readonly isTold: (outcome: EventItem) => boolean;

  /** `isTold`: whether an event's decision says all of it. Default: it has been decided. */
  constructor(options: { readonly isTold?: (outcome: EventItem) => boolean } = {}) { this.isTold = options.isTold ?? (({ verdict }) => verdict !== undefined); }

  /** `entitiesOf`: of an event that gets no decision. */
  add(outcome: Outcome | undefined, entitiesOf: () => readonly string[]): void {
    const code = codeOf[kindOf(outcome)], detail = outcome === undefined || (outcome.kind === 'event' && this.isTold(outcome)) ? undefined : detailOf(outcome, entitiesOf);
    if (this.count === this.codes.length) {
      const grown = new Uint8Array(this.count * 2);
      grown.set(this.codes);
      this.codes = grown;
    }
    if (detail !== undefined) this.details.push([this.count, ...detail]);
    this.codes[this.count++] = code;
  }

  take(): Uint8Array {
    const details = Buffer.from(this.details.length === 0 ? '' : JSON.stringify(this.details), 'utf8'), bytes = Buffer.alloc(headBytes + this.count + details.length);
    bytes.writeUInt32LE(this.count);
    bytes.set(this.codes.subarray(0, this.count), headBytes);
    bytes.set(details, headBytes + this.count);
    this.details = [];
    this.count = 0;
    return bytes;
  }
}

export function unpackOutcomes(bytes: Uint8Array): KeptOutcome[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), count = buffer.readUInt32LE(0), text = buffer.toString('utf8', headBytes + count);
  const detailByIndex = new Map<number, OutcomeDetail>();
  if (text !== '') for (const [index, ...detail] of JSON.parse(text) as Array<[number, ...OutcomeDetail]>) detailByIndex.set(index, detail); // written by OutcomePacker alone
  return Array.from({ length: count }, (_, index) => ({ outcome: codes[buffer[headBytes + index] ?? 0] ?? 'control', detail: detailByIndex.get(index) }));
}

function kindOf(outcome: Outcome | undefined): HistoryOutcome {
  switch (outcome?.kind) {
    case 'event': return 'accepted';
    case 'duplicate': case 'conflict': case 'quarantined': return outcome.kind;
    default: return 'control';
  }
}

function detailOf(outcome: Outcome, entitiesOf: () => readonly string[]): OutcomeDetail | undefined {
  switch (outcome.kind) {
    case 'event': return [outcome.event.source, outcome.event.id, outcome.event.timeMs, outcome.event.receivedAtMs, null, null, entitiesOf()];
    case 'duplicate': return [outcome.source, outcome.id, null, null, null, null, []];
    case 'conflict': return ['', null, null, null, null, null, []];
    case 'quarantined': return [outcome.source, outcome.id, null, outcome.receivedAtMs, outcome.reason, outcome.field, []];
    default: return undefined;
  }
}
