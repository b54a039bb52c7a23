import { isLuhnValid, testCardNumber } from './card-number';
import { fraudKinds, labelledRow, labelOf, type SimulatedTransaction } from './transaction';
import { simulate } from './simulate';

const small = { days: 5, customers: 200, terminals: 80, seed: 1 };
const all = (options: Parameters<typeof simulate>[0]): SimulatedTransaction[] => [...simulate(options)];
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const byDeviceOf = (rows: readonly SimulatedTransaction[]): Map<string, SimulatedTransaction[]> => {
  const byDevice = new Map<string, SimulatedTransaction[]>();
  for (const row of rows) byDevice.set(row.event.device_id, [...(byDevice.get(row.event.device_id) ?? []), row]);
  return byDevice;
};
const amounts = (rows: readonly SimulatedTransaction[]): number[] => rows.map((row) => row.event.amount);

describe('simulate', () => {
  it('is a function of its options', () => {
    expect(all(small)).toEqual(all(small));
    expect(all({ ...small, seed: 2 })).not.toEqual(all(small));
  });

  it('gives the days of a shorter simulation first', () => {
    const short = all({ ...small, days: 3 });
    expect(all(small).slice(0, short.length)).toEqual(short);
  });

  it('gives every transaction in the order of time, with an id of its own', () => {
    const rows = all(small);
    rows.forEach((row, index) => expect(row.event.event_time).toBeGreaterThanOrEqual(rows[index - 1]?.event.event_time ?? 0));
    expect(new Set(rows.map((row) => row.event.transaction_id)).size).toBe(rows.length);
    expect(rows[0]!.event.event_time).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1));
    expect(rows.at(-1)!.event.event_time).toBeLessThan(Date.UTC(2026, 0, 6));
  });

  it('makes about two transactions a customer and day, whole amounts in minor units, in one currency', () => {
    const rows = all({ ...small, days: 20, customers: 500 });
    expect(rows.length / (20 * 500)).toBeCloseTo(2, 0);
    for (const { event } of rows) {
      expect(Number.isSafeInteger(event.amount) && event.amount >= 1).toBe(true);
      expect(event.currency).toBe('EUR');
    }
    expect(mean(amounts(rows.filter((row) => row.fraud === 0))) / 5_250).toBeCloseTo(1, 0);
  });

  it('has every kind of fraud in a small world, on the first day, and few of all', () => {
    const rows = all({ ...small, days: 20, customers: 500, terminals: 1_000 });
    expect(new Set(rows.map((row) => row.fraud_kind))).toEqual(new Set(fraudKinds));
    const share = rows.filter((row) => row.fraud === 1).length / rows.length;
    expect(share).toBeGreaterThan(0.003);
    expect(share).toBeLessThan(0.05);
    expect(rows.every((row) => (row.fraud === 1) === (row.fraud_kind !== 'none'))).toBe(true);
  });

  it('compromises a terminal for 28 days and a customer for 14', () => {
    const fraud = { terminalsPerDay: 1e-9, customersPerDay: 1e-9, burstsPerDay: 0, ringsPerDay: 0 };
    const rows = all({ days: 40, customers: 200, terminals: 5, seed: 3, fraud });
    const lastDay = (kind: string): number => Math.max(...rows.filter((row) => row.fraud_kind === kind).map((row) => Math.floor((row.event.event_time - Date.UTC(2026, 0, 1)) / 86_400_000)));
    expect(lastDay('compromised_terminal')).toBe(27);
    expect(lastDay('compromised_customer')).toBeLessThan(14);
    expect(rows.some((row) => row.fraud_kind === 'card_testing' || row.fraud_kind === 'shared_device')).toBe(false);
  });

  it('tests cards in bursts from one device within minutes', () => {
    const tests = all(small).filter((row) => row.fraud_kind === 'card_testing' && row.event.amount <= 500);
    const byDevice = byDeviceOf(tests);
    expect(byDevice.size).toBeGreaterThan(0);
    for (const burst of byDevice.values()) {
      expect(burst.length).toBeGreaterThanOrEqual(8);
      expect(burst.at(-1)!.event.event_time - burst[0]!.event.event_time).toBeLessThan(15 * 60_000);
      expect(new Set(burst.map((row) => row.event.terminal_id)).size).toBe(1);
    }
  });

  it('uses the cards of several customers from one device', () => {
    const ring = all(small).filter((row) => row.fraud_kind === 'shared_device');
    const cards = byDeviceOf(ring);
    for (const rows of cards.values()) expect(new Set(rows.map((row) => row.event.card_id)).size).toBeGreaterThanOrEqual(4);
  });

  it('drifts from the day given and not before', () => {
    const plain = all(small);
    const drifted = all({ ...small, drift: { fromDay: 3, amountFactor: 2 } });
    const before = (rows: readonly SimulatedTransaction[]): SimulatedTransaction[] => rows.filter((row) => row.event.event_time < Date.UTC(2026, 0, 4));
    const after = (rows: readonly SimulatedTransaction[]): SimulatedTransaction[] => rows.filter((row) => row.event.event_time >= Date.UTC(2026, 0, 4) && row.fraud === 0);
    expect(before(drifted)).toEqual(before(plain));
    expect(Math.abs(mean(amounts(after(drifted))) / mean(amounts(after(plain))) - 2)).toBeLessThan(0.15);
  });

  it('works for the smallest world there is', () => {
    const rows = all({ days: 2, customers: 1, terminals: 1, seed: 'one' });
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row.event.terminal_id === 'terminal-000000')).toBe(true);
  });

  it.each([['days', { days: 0 }], ['customers', { customers: 1.5 }], ['terminals', { terminals: Number.NaN }], ['customers', { customers: 3_000_000 }]])('refuses %s out of bounds', (name, wrong) => {
    expect(() => all({ ...small, ...wrong })).toThrow(new RegExp(`^${name}: `));
  });

  it('keeps the label apart from the event', () => {
    const row = all(small)[0]!;
    expect(Object.keys(row.event)).not.toContain('fraud');
    expect(Object.keys(labelledRow(row)).slice(-2)).toEqual(['fraud', 'fraud_kind']);
    expect(labelOf(row, 1_000)).toEqual({ transaction_id: row.event.transaction_id, fraud: row.fraud === 1, by: 'simulator', at: row.event.event_time + 1_000, source: 'chargeback' });
  });
});

describe('testCardNumber', () => {
  it('gives 16 digits that pass the Luhn check, no two alike', () => {
    const numbers = Array.from({ length: 5_000 }, (_, customer) => testCardNumber(customer));
    expect(new Set(numbers).size).toBe(5_000);
    expect(numbers.every((number) => /^400000\d{10}$/.test(number) && isLuhnValid(number))).toBe(true);
    expect(isLuhnValid('4000001234567890')).toBe(false);
    expect(isLuhnValid('4111111111111111')).toBe(true);
  });
});
