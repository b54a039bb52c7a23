import { describeOn, freshName, kafkaServer } from '../testing-servers';
import { LaneOwnership, PlatformaticEventLog, type LaneChange, type LaneOwnershipOptions } from './index';

/** A member of the group and what it was told. */
class Process {
  readonly changes: LaneChange[] = [];
  readonly ownership: LaneOwnership;
  #wake: () => void = () => undefined;
  constructor(options: Omit<LaneOwnershipOptions, 'onChange'>) {
    this.ownership = new LaneOwnership({ ...options, onChange: (change) => { this.changes.push(change); this.#wake(); } });
  }
  async owns(lanes: readonly number[]): Promise<void> {
    while (JSON.stringify(this.ownership.owned) !== JSON.stringify(lanes)) await new Promise<void>((resolve) => { this.#wake = resolve; });
  }
  async ownsCount(count: number): Promise<void> {
    while (this.ownership.owned.length !== count) await new Promise<void>((resolve) => { this.#wake = resolve; });
  }
}

describe('Ownership of lanes', () => {
  describeOn(kafkaServer(), (broker) => {
    const settings = async (): Promise<Omit<LaneOwnershipOptions, 'onChange'>> => {
      const options = { brokers: [broker], lanes: 4, prefix: `${freshName('weir')}.`, group: freshName('group'), sessionTimeoutMs: 60_000 };
      const log = new PlatformaticEventLog(options);
      await log.bounds('transactions.raw', 0);
      await log.close();
      return options;
    };

    it('shares the lanes out, takes as few as possible from who has them, and gives them back', async () => {
      const options = await settings();
      const first = new Process(options), second = new Process(options);
      await first.ownership.start();
      await first.owns([0, 1, 2, 3]);
      expect(await first.ownership.hasOthers()).toBe(false);
      await second.ownership.start();
      await Promise.all([first.ownsCount(2), second.ownsCount(2)]);
      expect(await first.ownership.hasOthers()).toBe(true);
      expect([...first.ownership.owned, ...second.ownership.owned].sort()).toEqual([0, 1, 2, 3]);
      expect(first.changes.map(({ gained, lost }) => [gained.length, lost.length])).toEqual([[4, 0], [0, 2]]);
      await second.ownership.close();
      expect(second.changes.at(-1)?.owned).toEqual([]);
      await first.owns([0, 1, 2, 3]);
      await first.ownership.close();
    });

    it('leaves an instance its lanes over a restart, and everybody else theirs', async () => {
      const options = await settings();
      const stays = new Process({ ...options, instanceId: 'a' }), before = new Process({ ...options, instanceId: 'b' });
      await stays.ownership.start();
      await stays.ownsCount(4);
      await before.ownership.start();
      await Promise.all([stays.ownsCount(2), before.ownsCount(2)]);
      const lanes = before.ownership.owned, told = stays.changes.length;
      await before.ownership.close({ keep: true });
      const after = new Process({ ...options, instanceId: 'b' });
      await after.ownership.start();
      await after.owns(lanes);
      expect(stays.changes.length).toBe(told);
      await after.ownership.close();
      await stays.ownership.close();
    });

    it('gives the lanes of who is gone without a word to others after the session', async () => {
      const options = await settings();
      const gone = new Process({ ...options, instanceId: 'gone', sessionTimeoutMs: 1_500 }), other = new Process({ ...options, instanceId: 'other' });
      await gone.ownership.start();
      await gone.ownsCount(4);
      await other.ownership.start();
      await Promise.all([gone.ownsCount(2), other.ownsCount(2)]);
      await gone.ownership.close({ keep: true });
      await other.owns([0, 1, 2, 3]);
      await other.ownership.close();
    });

    it('reports a change that could not be made', async () => {
      const options = await settings();
      const ownership = new LaneOwnership({ ...options, onChange: () => { throw new Error('no memory for the lane'); } });
      await ownership.start();
      await expect(ownership.failed).rejects.toThrow('no memory for the lane');
      await ownership.close();
    });
  });
});
