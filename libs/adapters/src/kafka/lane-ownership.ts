import { Admin, Consumer, kGetApi, type API, type Callback, type GroupAssignment } from '@platformatic/kafka';
import { WeirError } from '@weir/contracts';
import type { Topic } from '@weir/ports';
import { kafkaDefaults, type KafkaOptions } from '../kafka-common';
import { clientOptions } from './client-options';

/** Lanes of this process after a change, ascending, and what it came to. */
export interface LaneChange { readonly owned: readonly number[]; readonly gained: readonly number[]; readonly lost: readonly number[] }

export interface LaneOwnershipOptions extends KafkaOptions {
  /** Processes that share the lanes of one stage. */
  readonly group: string;
  /** Name of this process that outlives a restart: back within the session it has the same lanes, and no other process is disturbed. Absent: any member. */
  readonly instanceId?: string;
  /** The topic whose partitions are shared out. */
  readonly topic?: Topic;
  /** After so long without a sign of life the lanes go to others, ms. Brokers usually allow no less than 6 s. */
  readonly sessionTimeoutMs?: number;
  /**
   * Called one after the other. What was lost may have a new owner already when this runs: until it has stopped, the old one is held off by the fences of
   * topics and state. A failure is reported by `failed`.
   */
  readonly onChange: (change: LaneChange) => Promise<void> | void;
  /** The group could not be joined, or was lost; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

const heartbeatsPerSession = 4;
/** A member learns by its heartbeat that somebody left, and takes over. */
const heartbeatMsMax = 500;
/** The first joining is given up after so many attempts; who has been a member once tries for ever. */
const firstJoinAttemptsMax = 120;
const joinPauseMs = 250, joinPauseMsMax = 2_000;

/** Which lanes this process has, by a consumer group; a group member reads nothing. Sticky: a lane moves only when it has to. */
export class LaneOwnership {
  readonly #options: LaneOwnershipOptions;
  readonly #topic: string;
  readonly #member: Member;
  #owned: readonly number[] = [];
  #changing: Promise<void> = Promise.resolve();
  #joining: Promise<void> | undefined;
  #closed = false;
  #fail: (error: unknown) => void = () => undefined;
  /** Rejects when the group can't be joined any more, or `onChange` failed; never resolves. */
  readonly failed: Promise<never>;

  constructor(options: LaneOwnershipOptions) {
    this.#options = options;
    this.#topic = `${options.prefix ?? kafkaDefaults.prefix}${options.topic ?? 'transactions.raw'}`;
    this.failed = new Promise((_, reject) => { this.#fail = reject; });
    this.failed.catch(() => undefined);
    const sessionTimeout = options.sessionTimeoutMs ?? 6_000;
    this.#member = new Member({
      ...clientOptions(options), groupId: options.group, sessionTimeout, heartbeatInterval: Math.min(heartbeatMsMax, Math.ceil(sessionTimeout / heartbeatsPerSession)), heartbeatStallTimeout: sessionTimeout, rebalanceTimeout: 4 * sessionTimeout,
      protocols: [{ name: 'cooperative-sticky', version: 1 }],
      ...(options.instanceId === undefined ? {} : { groupInstanceId: options.instanceId }),
    });
    this.#member.topics.track(this.#topic);
    this.#member.on('consumer:group:join', ({ assignments }) => { this.#now(lanesOf(assignments, this.#topic)); });
    // Nobody has heard of this process for a session: its lanes are given to others. When the broker is back it may still know the member, and says nothing: so it is asked again.
    this.#member.on('consumer:heartbeat:stalled', () => {
      this.#now([]);
      this.#rejoin(new Error('no heartbeat reached the broker for a session'));
    });
    // The library tries no more when joining again has failed.
    this.#member.on('error', (error) => this.#rejoin(error));
  }

  get owned(): readonly number[] { return this.#owned; }

  /** Joins the group, again and again while that fails; the lanes come by `onChange`. @throws WeirError WEIR_LOG_FAILED, retriable, when it fails for too long. */
  start(): Promise<void> { return (this.#joining ??= this.#join(firstJoinAttemptsMax).finally(() => { this.#joining = undefined; })); }

  #rejoin(error: unknown): void {
    if (this.#closed) return;
    this.#options.onTrouble?.(error);
    this.#joining ??= this.#join(Infinity).catch((cause: unknown) => this.#fail(cause)).finally(() => { this.#joining = undefined; });
  }

  async #join(attemptsMax: number): Promise<void> {
    let pauseMs = joinPauseMs;
    for (let attempt = 1; !this.#closed; attempt += 1) {
      try {
        await this.#member.joinGroup({});
        return;
      } catch (cause) {
        if (this.#closed) return;
        if (attempt >= attemptsMax) throw new WeirError('WEIR_LOG_FAILED', `joining group ${this.#options.group} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, retriable: true });
        this.#options.onTrouble?.(cause);
      }
      await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
      pauseMs = Math.min(pauseMs * 2, joinPauseMsMax);
    }
  }

  /** Whether there is another process that may take over; false where that can't be said. */
  async hasOthers(): Promise<boolean> {
    const { group } = this.#options, admin = new Admin({ ...clientOptions(this.#options), retries: 1 });
    try {
      const members = (await admin.describeGroups({ groups: [group] })).get(group)?.members;
      return (members?.size ?? 0) > 1;
    } catch {
      return false;
    } finally {
      await admin.close().catch(() => undefined);
    }
  }

  /** Gives the lanes up. With `keep` they stay this instance's for a session, so that a restart moves nothing. */
  async close({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    this.#closed = true;
    this.#now([]);
    await this.#changing;
    this.#member.staying = keep && this.#options.instanceId !== undefined;
    await this.#member.close(true).catch(() => undefined);
  }

  #now(owned: readonly number[]): void {
    const before = this.#owned;
    const gained = owned.filter((lane) => !before.includes(lane)), lost = before.filter((lane) => !owned.includes(lane));
    this.#owned = owned;
    if (gained.length === 0 && lost.length === 0) return;
    this.#changing = this.#changing.then(() => this.#options.onChange({ owned, gained, lost })).catch((error: unknown) => this.#fail(error));
  }
}

const lanesOf = (assignments: readonly GroupAssignment[] | undefined, topic: string): readonly number[] =>
  (assignments ?? []).filter((assignment) => assignment.topic === topic).flatMap(({ partitions }) => partitions).sort((left, right) => left - right);

/** The library leaves the group whenever it is closed; a static member that comes back must not. */
class Member extends Consumer {
  staying = false;

  override [kGetApi]<Arguments extends unknown[], Response>(name: string, callback: Callback<API<Arguments, Response>>): void {
    super[kGetApi]<Arguments, Response>(name, (error, api) => callback(error, name === 'LeaveGroup' && this.staying && api !== undefined ? notSent(api) : api));
  }
}

const notSent = <Api extends object>(api: Api): Api => new Proxy(api, {
  apply: (_api, _self, args: unknown[]) => {
    const done = args.at(-1);
    if (typeof done === 'function') done(null);
  },
});
