import type { Clock, EventLog } from '@weir/ports';
import { encodeRawBody } from './raw-record';

/** A lane without a record for this long gets a tick. */
const idleTickMs = 1_000;

export interface TickWriterOptions { readonly log: EventLog; readonly lanes: readonly number[]; readonly clock: Clock; readonly idleMs?: number; readonly onError?: (error: unknown) => void }

/**
 * Writes the log's clock into lanes that have been idle, so that time-outs and idle watermarks are driven by records alone. Belongs to the live edge
 * of whoever owns the lanes; a file or a back-test has none. Gives how to stop it.
 */
export function startTicks(options: TickWriterOptions): { stop(): Promise<void> } {
  const idleMs = options.idleMs ?? idleTickMs;
  const seen = new Map<number, { next: number; sinceMs: number }>();
  let running: Promise<void> = Promise.resolve(), busy = false;
  const look = async (): Promise<void> => {
    busy = true;
    try {
      for (const lane of options.lanes) await tickWhenIdle(options, seen, lane, idleMs);
    } catch (error) {
      options.onError?.(error);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => { if (!busy) running = look(); }, Math.max(1, Math.floor(idleMs / 4)));
  timer.unref();
  return { stop: () => { clearInterval(timer); return running; } };
}

async function tickWhenIdle({ log, clock }: TickWriterOptions, seen: Map<number, { next: number; sinceMs: number }>, lane: number, idleMs: number): Promise<void> {
  const { next } = await log.bounds('transactions.raw', lane);
  const before = seen.get(lane);
  if (before === undefined || before.next !== next) {
    seen.set(lane, { next, sinceMs: clock.nowMs() });
    return;
  }
  if (clock.nowMs() - before.sinceMs < idleMs) return;
  const { firstOffset } = await log.append('transactions.raw', lane, [encodeRawBody({ kind: 'tick' })]);
  seen.set(lane, { next: firstOffset + 1, sinceMs: clock.nowMs() });
}
