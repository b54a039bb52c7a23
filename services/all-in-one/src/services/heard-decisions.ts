import type { Decision } from '@weir/contracts';

interface Heard { readonly bytes: Uint8Array; readonly decision: Decision }

/** Answers that came before their record of the topic; those above go, and are read again from there. */
const heardMax = 8_192;

/** Decisions as they were heard in answers, until the same bytes come by the topic: what was read once is not read again. */
export class HeardDecisions {
  private readonly byLane: Array<Map<number, Heard>> = [];

  add(lane: number, offset: number, bytes: Uint8Array, decision: Decision): void {
    const heard = (this.byLane[lane] ??= new Map());
    heard.set(offset, { bytes, decision });
    if (heard.size <= heardMax) return;
    for (const oldest of heard.keys()) { heard.delete(oldest); break; }
  }

  /** Given once. Undefined where it was not heard, or what was heard is not what the topic holds: an answer may have been sent again by another owner of the lane. */
  take(lane: number, offset: number, bytes: Uint8Array): Decision | undefined {
    const heard = this.byLane[lane], one = heard?.get(offset);
    if (one === undefined) return undefined;
    heard?.delete(offset);
    return Buffer.compare(one.bytes, bytes) === 0 ? one.decision : undefined;
  }
}
