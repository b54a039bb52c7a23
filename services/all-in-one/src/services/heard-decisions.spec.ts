import type { Decision } from '@weir/contracts';
import { HeardDecisions } from './heard-decisions';

const decision = (id: string): Decision => ({ verdict: { id } }) as unknown as Decision; // only carried
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('Decisions heard in answers', () => {
  it('are given once, for the same bytes of the same record', () => {
    const heard = new HeardDecisions(), one = decision('d-0-7');
    heard.add(0, 7, bytes('seven'), one);
    expect([heard.take(1, 7, bytes('seven')), heard.take(0, 8, bytes('seven'))]).toEqual([undefined, undefined]);
    expect(heard.take(0, 7, bytes('seven'))).toBe(one);
    expect(heard.take(0, 7, bytes('seven'))).toBeUndefined();
  });

  it('are not what the topic holds where that says something else', () => {
    const heard = new HeardDecisions();
    heard.add(0, 7, bytes('degraded'), decision('d-0-7'));
    expect(heard.take(0, 7, bytes('whole'))).toBeUndefined();
  });

  it('are forgotten, the oldest first, where their records do not come', () => {
    const heard = new HeardDecisions();
    for (let offset = 0; offset < 8_193; offset++) heard.add(0, offset, bytes('x'), decision(`d-0-${offset}`));
    expect([heard.take(0, 0, bytes('x')), heard.take(0, 1, bytes('x'))?.verdict.id, heard.take(0, 8_192, bytes('x'))?.verdict.id]).toEqual([undefined, 'd-0-1', 'd-0-8192']);
  });
});
