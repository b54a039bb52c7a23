import type { EventItem, RawBody, RawRecord } from '@weir/contracts';
import { emptyState } from '@weir/pipeline';
import { IngestStage, type IngestOutput } from './ingest-stage';
import { definitionsBody, eventBody, sampleBodies, sampleSet, seeded } from './testing/sample-lane';

const noonMs = Date.UTC(2025, 0, 2, 12);
const secondMs = 1_000, minuteMs = 60_000, hourMs = 3_600_000, dayMs = 86_400_000;

/** A lane of its own: what is appended is judged at once. */
class Lane {
  readonly stage = new IngestStage();
  #offset = 0;
  constructor(late: Readonly<Record<string, string>> = {}, fields: Readonly<Record<string, unknown>> = {}, second = false) {
    this.append(definitionsBody(sampleSet(late, second, fields)), noonMs);
  }
  append(body: RawBody, appendedAtMs: number): IngestOutput {
    return this.stage.process([{ lane: 0, offset: this.#offset++, appendedAtMs, body }])[0] as IngestOutput;
  }
  /** An event stamped by our clock at `receivedAtMs`; of the time `timeMs`. */
  live(id: string, timeMs: number, receivedAtMs = timeMs, more: Readonly<Record<string, unknown>> = {}, source?: string): IngestOutput {
    return this.append(eventBody({ transaction_id: id, card_id: 'c', event_time: timeMs, ...more }, source === undefined ? {} : { source }), receivedAtMs);
  }
  /** An event that brought its own `received_at`. */
  replayed(id: string, timeMs: number, receivedAtMs = timeMs, more: Readonly<Record<string, unknown>> = {}): IngestOutput {
    return this.append(eventBody({ transaction_id: id, card_id: 'c', event_time: timeMs, ...more }, { receivedAtMs }), noonMs);
  }
}
const brief = (output: IngestOutput): string => (output.kind === 'quarantined' ? `${output.reason}${output.reason === 'invalid' ? ` ${output.field}` : ''}` : output.kind === 'duplicate' ? `duplicate of ${output.firstOffset}` : output.kind);
const accepted = (output: IngestOutput): EventItem => {
  if (output.kind !== 'event') throw new Error(`an event expected, got ${JSON.stringify(output)}`);
  return output;
};
const watermark = (output: IngestOutput, source = 'transactions'): number | undefined => ('time' in output ? output.time.watermarkMsBySource.get(source) : undefined);

describe('Fields', () => {
  const fields = { n: 'int', v: 'number', ok: 'bool', at: 'timestamp', euros: { type: 'money', decimals: 2 }, status: { type: 'string', enum: ['a', 'b'] }, low: { type: 'number', min: 0, max: 10 }, renamed: { type: 'string', from: 'OTHER' }, iban: { type: 'string', matches: '^[A-Z]{2}' } };
  const judge = (more: Readonly<Record<string, unknown>>): IngestOutput => new Lane({}, fields).replayed('t', noonMs, noonMs, more);

  it.each([
    ['amount', 'x'], ['amount', '5'], ['amount', ''], ['amount', 0.5], ['amount', true], ['amount', [1]], ['amount', 2 ** 53 + 2], ['amount', -(2 ** 53) - 2], ['n', 1.5], ['n', '1'], ['v', '7'], ['v', 'NaN'], ['v', {}],
    ['ok', 1], ['ok', 'true'], ['at', 'yesterday'], ['at', '2025-02-30'], ['card_id', 5], ['card_id', null], ['card_id', undefined], ['transaction_id', ''], ['transaction_id', 7], ['euros', 57.165], ['euros', 'x'], ['euros', 1e300], ['event_time', null], ['event_time', 'soon'], ['event_time', undefined], ['sent_at', 'x'],
  ] as const)('%s = %p is quarantined with the field', (field, value) => {
    expect(brief(judge({ [field]: value }))).toBe(`invalid ${field}`);
  });

  it('are read under the name they come with, and named by their own', () => {
    expect([brief(judge({ OTHER: 5 })), brief(judge({ renamed: 5 }))]).toEqual(['invalid renamed', 'event']);
  });

  it.each([['1e400', 'v'], ['-1e400', 'v'], ['1e400', 'amount'], ['1e400', 'event_time'], ['9007199254740993', 'amount'], ['-9007199254740993', 'n']])('%s in %s is quarantined: it is no number of ours', (text, field) => {
    const json = `{"transaction_id":"t","card_id":"c",${field === 'event_time' ? '' : `"event_time":${noonMs},`}"${field}":${text}}`;
    expect(brief(new Lane({}, fields).append({ kind: 'event', source: 'transactions', json, receivedAtMs: noonMs, idempotency: undefined, replyTo: undefined }, noonMs))).toBe(`invalid ${field}`);
  });

  it.each(['{', '[]', 'null', '5', '"x"', ''])('%p is quarantined, and only its length and hash are kept', (json) => {
    const output = new Lane().append({ kind: 'event', source: 'transactions', json, receivedAtMs: undefined, idempotency: undefined, replyTo: undefined }, noonMs);
    expect(brief(output)).toBe('invalid null');
    expect(output.kind === 'quarantined' && JSON.parse(output.json)).toEqual({ unreadable: { characters: json.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
  });

  it('are read into their slots with their types; a missing one is null, what is not declared is kept apart', () => {
    const { event } = accepted(judge({ amount: 9_007_199_254_740_992, n: -0, v: 1e-3, ok: false, at: '2025-01-02T03:04:05.678+02:00', euros: 57.16, OTHER: 'o', more: { deep: [1] } }));
    const set = sampleSet({}, false, fields), value = (field: string): unknown => event.values[set.sources.get('transactions')?.slotByField.get(field) ?? -1];
    expect(['amount', 'n', 'v', 'ok', 'at', 'euros', 'renamed', 'status', 'card_id'].map(value)).toEqual([2 ** 53, 0, 1e-3, false, Date.UTC(2025, 0, 2, 1, 4, 5, 678), 5_716, 'o', null, 'c']);
    expect(event.extra).toEqual({ more: { deep: [1] } });
  });

  it.each([[0.1, 10], ['0.30', 30], [1234567.89, 123_456_789], ['-5', -500], [1e-7, undefined], ['1.005', undefined], ['90071992547409.92', 2 ** 53], ['90071992547409.93', undefined]])('reads the amount %p with two decimals as %p', (amount, minor) => {
    const output = judge({ euros: amount });
    if (minor === undefined) expect(brief(output)).toBe('invalid euros');
    else expect(accepted(output).event.values).toContain(minor);
  });

  it('that fail a quality check only mark the event', () => {
    expect(accepted(judge({ status: 'c', low: 11, iban: '99' })).event.marks).toEqual(['iban:matches', 'low:max', 'status:enum']);
    expect(accepted(judge({ status: 'a', low: 10, iban: 'DE' })).event.marks).toEqual([]);
  });

  it.each([['2025-01-02T12:00:00', 0], ['2025-01-02 12:00:00.5', 500], ['2025-01-02T12:00Z', 0], ['2025-01-02T14:00:00+02:00', 0], ['2025-01-02T06:30:00-0530', 0], ['2025-01-02', -12 * hourMs]])('the time %p is read in its zone, without one in UTC', (text, afterNoonMs) => {
    expect(accepted(judge({ event_time: text })).event.timeMs).toBe(noonMs + afterNoonMs);
  });
});

describe('The clock of a device', () => {
  it.each([[5 * secondMs, 0], [5 * secondMs + 1, 5 * secondMs + 1], [-5 * secondMs, 0], [-5 * secondMs - 1, -5 * secondMs - 1], [290 * secondMs, 290 * secondMs]])('that was %d ms behind ours when it sent moves the time by %d ms', (behindMs, movedMs) => {
    const { event } = accepted(new Lane().replayed('t', noonMs - minuteMs, noonMs, { sent_at: noonMs - behindMs }));
    expect([event.timeMs, event.reportedTimeMs]).toEqual([noonMs - minuteMs + movedMs, noonMs - minuteMs]);
  });

  it('is corrected before anything else about time is judged', () => {
    expect(brief(new Lane().replayed('t', noonMs + dayMs, noonMs, { sent_at: noonMs + dayMs }))).toBe('event');
    expect(brief(new Lane().replayed('t', noonMs, noonMs, { sent_at: noonMs - hourMs }))).toBe('future');
  });
});

describe('The same id again', () => {
  it.each([[0, true], [dayMs - 1, true], [dayMs, false], [-hourMs, true]])('%d ms after the first was received is a duplicate: %p', (afterMs, duplicate) => {
    const lane = new Lane();
    lane.replayed('t', noonMs);
    expect(brief(lane.replayed('t', noonMs + afterMs, noonMs + afterMs, { amount: 9 }))).toBe(duplicate ? 'duplicate of 1' : 'event');
  });

  it('counts from the event that was accepted last', () => {
    const lane = new Lane();
    lane.replayed('t', noonMs);
    lane.replayed('t', noonMs + dayMs - 1);
    expect(brief(lane.replayed('t', noonMs + dayMs))).toBe('event');
    expect(brief(lane.replayed('t', noonMs + dayMs + hourMs))).toBe('duplicate of 3');
  });

  it('is none after a quarantined one, and none of another source', () => {
    const lane = new Lane({}, {}, true);
    lane.live('t', noonMs, noonMs, { amount: 'x' });
    expect(brief(lane.live('t', noonMs))).toBe('event');
    expect(brief(lane.live('t', noonMs, noonMs, {}, 'logins'))).toBe('event');
    expect(brief(lane.live('t', noonMs, noonMs, {}, 'logins'))).toBe('duplicate of 3');
  });

  it('is judged before future and late', () => {
    const lane = new Lane();
    lane.live('t', noonMs);
    lane.live('u', noonMs + minuteMs);
    expect(brief(lane.live('t', noonMs + 9 * dayMs, noonMs + minuteMs))).toBe('duplicate of 1');
    expect(brief(lane.live('t', noonMs - 9 * dayMs, noonMs + minuteMs))).toBe('duplicate of 1');
  });

  it('moves nothing', () => {
    const lane = new Lane();
    lane.replayed('t', noonMs);
    lane.replayed('t', noonMs + hourMs);
    expect(watermark(lane.replayed('u', noonMs))).toBe(noonMs - 5 * secondMs);
  });

  it('under one Idempotency-Key is a duplicate with the same body, a conflict with another', () => {
    const lane = new Lane(), send = (id: string, bodyHash: string): IngestOutput => lane.append(eventBody({ transaction_id: id, card_id: 'c', event_time: noonMs }, { key: 'k', bodyHash }), noonMs);
    expect([send('a', '00000000000000aa'), send('b', '00000000000000aa'), send('c', '00000000000000bb'), send('a', '00000000000000bb')].map(brief)).toEqual(['event', 'duplicate of 1', 'conflict', 'conflict']);
  });
});

describe('Future and late', () => {
  it.each([[5 * minuteMs, 'event'], [5 * minuteMs + 1, 'future']])('%d ms ahead of received_at is %s', (aheadMs, kind) => {
    expect(brief(new Lane().live('t', noonMs + aheadMs, noonMs))).toBe(kind);
  });

  it('late is what is older than the watermark; past the allowance it is refused, at it it is not', () => {
    const lane = new Lane({ out_of_orderness: '5s', allowed_lateness: '1h' });
    lane.replayed('t', noonMs);
    const watermarkMs = noonMs - 5 * secondMs;
    expect([accepted(lane.replayed('a', watermarkMs)).late, accepted(lane.replayed('b', watermarkMs - 1)).late, accepted(lane.replayed('c', watermarkMs - hourMs)).late]).toEqual([false, true, true]);
    expect(brief(lane.replayed('d', watermarkMs - hourMs - 1))).toBe('late');
  });

  it('a refused event moves no watermark', () => {
    const lane = new Lane();
    lane.live('t', noonMs);
    lane.live('u', noonMs + dayMs, noonMs);
    lane.live('v', noonMs + 1, noonMs, { amount: 'x' });
    expect(watermark(lane.live('w', noonMs - 1, noonMs))).toBe(noonMs - 5 * secondMs);
  });
});

describe('The lane\'s clock', () => {
  it('is the highest received_at, ticks included, what brought its own left out', () => {
    const lane = new Lane(), clock = (output: IngestOutput): number | undefined => ('time' in output ? output.time.clockMs : undefined);
    expect(clock(lane.live('a', noonMs, noonMs + 5))).toBe(noonMs + 5);
    expect(clock(lane.replayed('b', noonMs + hourMs))).toBe(noonMs + 5);
    expect(clock(lane.append({ kind: 'tick' }, noonMs + minuteMs))).toBe(noonMs + minuteMs);
    expect(clock(lane.append({ kind: 'tick' }, noonMs))).toBe(noonMs + minuteMs);
  });

  it('takes an idle source with it: at 30 s, to clock − 30 s − 5 s', () => {
    const lane = new Lane();
    lane.live('a', noonMs);
    const at = (afterMs: number): number | undefined => watermark(lane.append({ kind: 'tick' }, noonMs + afterMs));
    expect([at(29_999), at(30_000), at(30_001), at(90_000)]).toEqual([noonMs - 5_000, noonMs - 5_000, noonMs - 4_999, noonMs + 55_000]);
    expect(accepted(lane.live('b', noonMs + 54_999, noonMs + 90_000)).late).toBe(true);
  });

  it('takes no source with it whose last event brought its own received_at', () => {
    const lane = new Lane();
    lane.replayed('a', noonMs);
    expect(watermark(lane.append({ kind: 'tick' }, noonMs + dayMs))).toBe(noonMs - 5_000);
    lane.live('b', noonMs + 1, noonMs + dayMs);
    expect(watermark(lane.append({ kind: 'tick' }, noonMs + dayMs + minuteMs))).toBe(noonMs + dayMs + minuteMs - 35_000);
  });

  it('says nothing of a source without events, and nothing of one that is gone', () => {
    const lane = new Lane({}, {}, true);
    expect(watermark(lane.live('a', noonMs), 'logins')).toBeUndefined();
    lane.live('b', noonMs, noonMs, {}, 'logins');
    expect([watermark(lane.append({ kind: 'tick' }, noonMs), 'logins'), watermark(lane.append(definitionsBody(sampleSet()), noonMs), 'logins'), watermark(lane.append(definitionsBody(sampleSet({}, true)), noonMs), 'logins')]).toEqual([noonMs - 5_000, undefined, noonMs - 5_000]);
  });

  it('gives the same object until something changes', () => {
    const lane = new Lane(), first = accepted(lane.live('a', noonMs)), second = accepted(lane.live('b', noonMs - 1, noonMs)), third = accepted(lane.live('c', noonMs + 1, noonMs));
    expect([second.time === first.time, third.time === first.time]).toEqual([true, false]);
  });
});

describe('Definitions', () => {
  it('hold for the events after them', () => {
    const lane = new Lane();
    expect(brief(lane.live('a', noonMs, noonMs, { must: 1 }))).toBe('event');
    lane.append(definitionsBody(sampleSet({}, false, { must: 'int!' })), noonMs);
    expect([brief(lane.live('b', noonMs)), brief(lane.live('c', noonMs, noonMs, { must: 1 }))]).toEqual(['invalid must', 'event']);
  });

  it('that cannot be read are skipped, and the set in force stays', () => {
    const lane = new Lane(), before = lane.stage.setId;
    expect(brief(lane.append({ kind: 'definitions', setId: 'x', json: '{"broken":' }, noonMs))).toBe('skipped');
    expect([lane.stage.setId, brief(lane.live('a', noonMs))]).toEqual([before, 'event']);
  });

  it('name the sources there are; an event of another one is quarantined', () => {
    expect(brief(new Lane().live('a', noonMs, noonMs, {}, 'nowhere'))).toBe('invalid _source');
    const bare = new IngestStage();
    expect(brief(bare.process([{ lane: 0, offset: 0, appendedAtMs: noonMs, body: eventBody({}) }])[0] as IngestOutput)).toBe('invalid _source');
  });
});

describe('A simulation', () => {
  it('gives what would come, and changes nothing', () => {
    const bodies = sampleBodies(3, 200), stage = new IngestStage(), other = new IngestStage();
    bodies.forEach((body, offset) => {
      const record: RawRecord = { lane: 0, offset, appendedAtMs: noonMs + offset * secondMs, body };
      const guess = body.kind === 'event' ? stage.simulate(record) : undefined;
      const [real] = stage.process([record]);
      if (guess !== undefined) expect(guess).toEqual(real);
      expect(real).toEqual(other.process([record])[0]);
    });
  });
});

describe('State', () => {
  const run = async (bodies: readonly RawBody[], cut: () => number, restartEach: boolean): Promise<{ outputs: IngestOutput[]; state: Map<string, string> }> => {
    const store = new Map<string, Uint8Array>(), outputs: IngestOutput[] = [];
    const view = { get: (key: string) => store.get(key), scan: (prefix: string) => [...store].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)) };
    let stage = new IngestStage({ idChunksInMemoryMax: 1 });
    await stage.restore(emptyState);
    for (let at = 0; at < bodies.length;) {
      const size = cut(), batch = bodies.slice(at, at + size).map((body, index): RawRecord => ({ lane: 0, offset: at + index, appendedAtMs: noonMs + (at + index) * secondMs, body }));
      outputs.push(...stage.process(batch));
      at += size;
      for (const [key, value] of stage.takeChanges()) if (value === undefined) store.delete(key); else store.set(key, value);
      if (!restartEach) continue;
      stage = new IngestStage({ idChunksInMemoryMax: 1 });
      await stage.restore(view);
    }
    return { outputs, state: new Map([...store].sort().map(([key, value]) => [key, Buffer.from(value).toString('hex')])) };
  };

  it.each([1, 2, 3])('is the same bytes however the lane is cut and wherever it is restarted (seed %d)', async (seed) => {
    const bodies = sampleBodies(seed, 500), random = seeded(seed);
    const whole = await run(bodies, () => bodies.length, false);
    const cut = await run(bodies, () => 1 + Math.floor(random() * 60), true);
    expect(cut.outputs).toEqual(whole.outputs);
    expect(cut.state).toEqual(whole.state);
  });
});
