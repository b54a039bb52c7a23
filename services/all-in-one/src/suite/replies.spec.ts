import { forSeeds } from '@weir/testkit';
import { Replies, type AwaitedRun, type Reply } from './replies';

const reply = (offset: number): Reply => ({ kind: 'refused', refusal: { kind: 'duplicate', lane: 0, offset, firstOffset: 0, id: '', source: '', replyTo: undefined } });
const offsetOf = (given: Reply): number => (given.kind === 'refused' ? given.refusal.offset : -1);

describe('replies', () => {
  it('reach whoever waits for the record, once, whether he asked before or after', () => {
    forSeeds(30, (random) => {
      const replies = new Replies(), heard = new Map<string, number[]>();
      const next = [0, 0, 0], expected: Array<{ readonly lane: number; readonly offset: number }> = [], unasked: Array<{ readonly lane: number; readonly first: number; readonly count: number }> = [];
      const ask = ({ lane, first, count }: (typeof unasked)[number]): void => {
        replies.expect({ lane, offset: first }, count, (index, given) => { const key = `${lane}/${first + index}`; heard.set(key, [...heard.get(key) ?? [], offsetOf(given)]); });
      };
      for (let step = 0; step < 60; step++) {
        const lane = random.int(0, 2), first = next[lane] as number, count = random.int(1, 5);
        next[lane] = first + count;
        for (let index = 0; index < count; index++) expected.push({ lane, offset: first + index });
        if (random.chance(0.7)) ask({ lane, first, count });
        else unasked.push({ lane, first, count });
      }
      const order = [...expected];
      while (order.length > 0) {
        const [{ lane, offset }] = order.splice(random.int(0, order.length - 1), 1) as [{ lane: number; offset: number }];
        replies.deliver(lane, offset, reply(offset));
        if (unasked.length > 0 && random.chance(0.1)) ask(unasked.shift() as (typeof unasked)[number]);
      }
      for (const late of unasked) ask(late);
      expect(replies.waiting).toBe(0);
      expect(heard).toEqual(new Map(expected.map(({ lane, offset }) => [`${lane}/${offset}`, [offset]])));
    });
  });

  it('are not given to one who gave up, and what he waited for is kept for the next one', () => {
    const replies = new Replies(), heard: number[] = [];
    const given = (index: number): number => heard.push(index);
    const first = replies.expect({ lane: 0, offset: 4 }, 3, given);
    replies.deliver(0, 5, reply(5));
    replies.forget(first);
    replies.forget(first);
    expect([heard, replies.waiting]).toEqual([[1], 0]);
    replies.deliver(0, 6, reply(6));
    replies.expect({ lane: 0, offset: 6 }, 1, (index) => heard.push(10 + index));
    expect([heard, replies.waiting]).toEqual([[1, 10], 0]);
  });

  it('settles only for one who waits', () => {
    const replies = new Replies(), heard: number[] = [];
    replies.settle(0, 1, () => { throw new Error('nobody asked'); });
    replies.expect({ lane: 0, offset: 1 }, 1, (_, given) => heard.push(offsetOf(given)));
    replies.settle(1, 1, () => { throw new Error('nobody asked'); });
    replies.settle(0, 1, () => reply(1));
    replies.settle(0, 1, () => { throw new Error('answered already'); });
    expect(heard).toEqual([1]);
  });

  it('lets go of whoever waited as soon as he has his answers, for it may be held on to for longer', () => {
    const replies = new Replies(), runs: AwaitedRun[] = [replies.expect({ lane: 0, offset: 0 }, 2, () => undefined), replies.expect({ lane: 0, offset: 2 }, 1, () => undefined)];
    replies.deliver(0, 0, reply(0));
    expect(runs.map(({ answer }) => answer === undefined)).toEqual([false, false]);
    replies.deliver(0, 1, reply(1));
    replies.forget(runs[1] as AwaitedRun);
    expect(runs.map(({ answer }) => answer === undefined)).toEqual([true, true]);
  });
});
