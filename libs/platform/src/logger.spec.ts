import { Writable } from 'node:stream';
import { createLogger } from './logger';
import { isCardNumber, redactLine } from './redaction';

function capture(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const destination = new Writable({ write: (chunk, _encoding, done) => { lines.push(String(chunk)); done(); } });
  write(createLogger({ service: 'test', level: 'debug', destination }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a log line', () => {
  it('is one JSON object with level, ISO time, service and message', () => {
    const [line] = capture((logger) => logger.info({ rows: 3 }, 'batch done'));
    expect(line).toMatchObject({ level: 'info', service: 'test', rows: 3, msg: 'batch done' });
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('keeps named secrets out, at the top and below', () => {
    const text = JSON.stringify(capture((logger) => logger.info({ password: 'p1', request: { headers: { authorization: 'p2' } }, tx: { card_id: 'p3' } })));
    expect(text).not.toMatch(/p1|p2|p3/);
  });

  it('keeps a card number out wherever it stands, and an error of a driver with a URL in it', () => {
    const text = JSON.stringify(capture((logger) => {
      logger.warn('card 4111 1111 1111 1111 refused');
      logger.error({ err: new Error('cannot reach redis://user:hunter2@cache:6379') });
    }));
    expect(text).not.toMatch(/4111|hunter2/);
  });
});

describe('redactLine', () => {
  it.each([
    ['a key', `key weir_${'a'.repeat(43)} used`, 'key [redacted key] used'],
    ['a header', 'Authorization: Bearer abc.def-ghi', 'Authorization: Bearer [redacted]'],
    ['a card number', '"pan":"5555555555554444"', '"pan":"[redacted card]"'],
  ])('takes %s out', (_what, line, expected) => {
    expect(redactLine(line)).toBe(expected);
  });

  it.each([
    ['a time in ms', '"time":1763720000000'], ['a time in µs', '"time":1763720000000000'], ['an amount', '"sum":4111111111111112'],
    ['a fraction', '"p":0.4111111111111111'], ['an id with letters', '"id":"tx4111111111111111"'],
  ])('leaves %s alone', (_what, line) => {
    expect(redactLine(line)).toBe(line);
  });

  it.each([['4111111111111111', true], ['4111111111111112', false], ['378282246310005', true]])('takes %s for a card number: %s', (digits, expected) => {
    expect(isCardNumber(digits)).toBe(expected);
  });
});
