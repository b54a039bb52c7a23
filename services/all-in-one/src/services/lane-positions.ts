import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/contracts';
import type { EventLog, OnlineStore } from '@weir/ports';

const lookEveryMs = 250, waitingLookMs = 10;
const reachedWithinMs = 30_000;

/** How far the services are, from the positions of the state they publish. Looks again every quarter of a second. */
export class LanePositions {
  private readonly decidedByLane: number[];
  private readonly nextByLane: number[];
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: {
    readonly log: EventLog;
    /** State of the services whose effects somebody waits to see; the last one decides. */
    readonly states: readonly OnlineStore[];
    readonly onError: (error: unknown) => void;
    readonly onLook?: () => Promise<void>;
  }) {
    this.decidedByLane = new Array<number>(options.log.lanes).fill(-1);
    this.nextByLane = new Array<number>(options.log.lanes).fill(0);
  }

  /** One past the last record of each lane, as of the last look. */
  get nextOffsets(): readonly number[] { return this.nextByLane; }
  /** Records of all lanes that are not decided, as of the last look. */
  get backlog(): number { return this.nextByLane.reduce((sum, next, lane) => sum + Math.max(0, next - 1 - (this.decidedByLane[lane] ?? -1)), 0); }
  decided(lane: number): number { return this.decidedByLane[lane] ?? -1; }

  async start(): Promise<void> {
    await this.look();
    const again = (): void => {
      if (this.closed) return;
      this.looking = this.look().catch(this.options.onError);
      void this.looking.then(() => { if (!this.closed) this.timer = setTimeout(again, lookEveryMs); });
    };
    this.timer = setTimeout(again, lookEveryMs);
  }

  async stop(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  /** Resolves when every service has published its effects of these records. @throws WeirError WEIR_LIMIT_REACHED, retriable, when that takes too long. */
  async reached(offsets: readonly number[]): Promise<void> {
    const untilMs = performance.now() + reachedWithinMs;
    for (const [lane, offset] of offsets.entries()) {
      for (const state of this.options.states) {
        while ((await state.position(lane)) < offset) {
          if (performance.now() > untilMs) throw new WeirError('WEIR_LIMIT_REACHED', `lane ${lane} has the change at ${offset}, and its services are not there yet`, { retriable: true });
          await sleep(waitingLookMs);
        }
      }
    }
  }

  private async look(): Promise<void> {
    const { log, states, onLook } = this.options, last = states.at(-1);
    await Promise.all(Array.from({ length: log.lanes }, async (_, lane) => {
      const [{ next }, position] = await Promise.all([log.bounds('transactions.raw', lane), last?.position(lane)]);
      this.nextByLane[lane] = next;
      this.decidedByLane[lane] = position ?? -1;
    }));
    await onLook?.();
  }
}
