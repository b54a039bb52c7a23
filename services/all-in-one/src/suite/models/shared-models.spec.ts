import { ModelRuntime, type LoadedModel } from '@weir/ports';
import { SharedModels } from './shared-models';

class CountingRuntime extends ModelRuntime {
  loads = 0;
  closed = 0;
  override load({ bytes }: { readonly bytes: Uint8Array }): Promise<LoadedModel> {
    if (bytes.length === 0) return Promise.reject(new Error('empty'));
    this.loads += 1;
    return Promise.resolve({ inputs: 1, score: (_, rows) => Promise.resolve(new Float64Array(rows)), close: () => { this.closed += 1; return Promise.resolve(); } });
  }
}
const bytesOf = (value: number): Uint8Array => Uint8Array.of(value);

describe('SharedModels', () => {
  it('loads the same bytes once for all who ask, and again for another output', async () => {
    const runtime = new CountingRuntime(), shared = new SharedModels(runtime);
    await Promise.all([shared.load({ bytes: bytesOf(1), output: 'p' }), shared.load({ bytes: bytesOf(1), output: 'p' })]);
    await shared.load({ bytes: bytesOf(1), output: 'q' });
    expect(runtime.loads).toBe(2);
  });

  it('keeps the last few that nobody holds, and closes those before them', async () => {
    const runtime = new CountingRuntime(), shared = new SharedModels(runtime);
    for (let value = 1; value <= 6; value += 1) await (await shared.load({ bytes: bytesOf(value), output: 'p' })).close();
    expect([runtime.loads, runtime.closed]).toEqual([6, 2]);
    await shared.load({ bytes: bytesOf(6), output: 'p' });
    expect(runtime.loads).toBe(6);
  });

  it('never closes what somebody holds, however often the others let go', async () => {
    const runtime = new CountingRuntime(), shared = new SharedModels(runtime);
    await shared.load({ bytes: bytesOf(0), output: 'p' });
    const other = await shared.load({ bytes: bytesOf(0), output: 'p' });
    await other.close();
    await other.close();
    for (let value = 1; value <= 8; value += 1) await (await shared.load({ bytes: bytesOf(value), output: 'p' })).close();
    expect(runtime.closed).toBe(4);
    await shared.close();
    expect(runtime.closed).toBe(9);
  });

  it('refuses a model that never answers, and closes it', async () => {
    let closed = 0;
    const silent: ModelRuntime = { load: () => Promise.resolve({ inputs: 1, score: () => new Promise(() => undefined), close: () => { closed += 1; return Promise.resolve(); } }) };
    await expect(new SharedModels(silent, 1).load({ bytes: bytesOf(1), output: 'p' })).rejects.toMatchObject({ code: 'WEIR_MODEL_INVALID' });
    expect(closed).toBe(1);
  });

  it('forgets what could not be loaded', async () => {
    const shared = new SharedModels(new CountingRuntime());
    await expect(shared.load({ bytes: new Uint8Array(), output: 'p' })).rejects.toThrow('empty');
    await expect(shared.load({ bytes: new Uint8Array(), output: 'p' })).rejects.toThrow('empty');
  });
});
