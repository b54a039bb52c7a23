import { WeirError } from '@weir/contracts';
import { z } from 'zod';
import { flag, portNumber, readConfig, wholeNumber } from './config';

const schema = z.object({
  PORT: portNumber().default(8080),
  BATCH_ROWS_MAX: wholeNumber({ min: 1, max: 1_000 }).default(500),
  QUIET: flag().default(false),
  STORE: z.object({ url: z.string() }).optional(),
});

describe('readConfig', () => {
  it('gives defaults for what is not set, and takes empty text for not set', () => {
    expect(readConfig(schema, { PORT: '', BATCH_ROWS_MAX: undefined })).toEqual({ PORT: 8080, BATCH_ROWS_MAX: 500, QUIET: false });
  });

  it.each([['yes', true], ['1', true], ['off', false], ['FALSE', false]])('reads the flag %s as %s', (text, expected) => {
    expect(readConfig(schema, { QUIET: text }).QUIET).toBe(expected);
  });

  it('is frozen', () => {
    const config = readConfig(schema, {});
    expect(() => { (config as { PORT: number }).PORT = 1; }).toThrow(TypeError);
  });

  it('names every variable at fault and repeats no value', () => {
    const read = () => readConfig(schema, { PORT: '70000', QUIET: 'secret-by-mistake' });
    expect(read).toThrow(WeirError);
    try {
      read();
    } catch (error) {
      const { findings, message } = error as WeirError;
      expect(findings.map(({ field }) => field)).toEqual(['PORT', 'QUIET']);
      expect(JSON.stringify(findings) + message).not.toContain('secret-by-mistake');
    }
  });
});
