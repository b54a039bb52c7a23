import { ModelMeter } from '../suite/models/model-meter';
import { ModelReports, modelReportsAddress, readModelReport } from './model-reports';

describe('How models do where they are asked', () => {
  beforeEach(() => { jest.useFakeTimers(); });
  afterEach(() => { jest.useRealTimers(); });

  it('reaches the gateways, which count it as if they had asked', () => {
    const meter = new ModelMeter(() => 1_000), sent: string[] = [];
    const reports = new ModelReports(() => ({ send: (address, bytes) => { sent.push(address); for (const note of readModelReport(bytes)) meter.note(note); } }));
    for (let call = 0; call < 1_500; call += 1) reports.note({ model: { name: 'm', version: 2 }, rows: 10, failed: 4, unanswered: 1, tookMs: 3 });
    jest.runAllTimers();
    reports.note({ model: { name: 'm', version: 2 }, rows: 10, failed: 10, unanswered: 0, tookMs: 3 });
    jest.runAllTimers();
    expect(sent).toEqual([modelReportsAddress, modelReportsAddress]);
    expect(meter.figures()).toEqual([expect.objectContaining({ name: 'm', version: 2, calls: 1_001, rows: 10_010, errors: 5_010, p99Ms: 3 })]);
  });

  it.each(['{}', '[1]', '[{"model":{"name":"m","version":"2"},"rows":1,"failed":0,"unanswered":0,"tookMs":1}]', '[{"model":null}]', 'null'])('is nothing where it is %s', (text) => { expect(readModelReport(Buffer.from(text))).toEqual([]); });
});
