import { isSampled, parseTraceparent, traceIdOf, traceparentOf } from './trace-context';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736', spanId = '00f067aa0ba902b7';

describe('a traceparent header', () => {
  it.each([
    ['as the standard has it', `00-${traceId}-${spanId}-01`, { traceId, spanId, sampled: true }], ['of one who does not record', `00-${traceId}-${spanId}-00`, { traceId, spanId, sampled: false }],
    ['with flags of later', `00-${traceId}-${spanId}-03`, { traceId, spanId, sampled: true }], ['of a later version with more in it', `01-${traceId}-${spanId}-01-more`, { traceId, spanId, sampled: true }],
    ['that is not there', undefined, undefined], ['of nonsense', 'garbage', undefined], ['without a trace', `00-${'0'.repeat(32)}-${spanId}-01`, undefined], ['without a span', `00-${traceId}-${'0'.repeat(16)}-01`, undefined],
    ['of the version that is none', `ff-${traceId}-${spanId}-01`, undefined], ['with more in it than its version has', `00-${traceId}-${spanId}-01-more`, undefined], ['in capitals', `00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
  ])('%s', (_what, header, expected) => {
    expect(parseTraceparent(header)).toEqual(expected);
    expect(traceIdOf(header)).toBe(expected?.traceId ?? null);
    if (expected !== undefined) expect([parseTraceparent(traceparentOf(expected)), isSampled(traceparentOf(expected))]).toEqual([expected, expected.sampled]);
  });
});
