import { Lifecycle, type Resource } from './lifecycle';
import { createLogger } from './logger';

const logger = createLogger({ service: 'test', level: 'silent' });

function resource(name: string, diary: string[], failing: 'start' | 'stop' | 'never' = 'never'): Resource {
  const act = (what: 'start' | 'stop') => () => {
    diary.push(`${what} ${name}`);
    if (failing === what) throw new Error(`${what} of ${name}`);
  };
  return { name, start: act('start'), stop: act('stop') };
}

describe('Lifecycle', () => {
  it('starts in order and stops in reverse, once', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle(['log', 'store', 'server'].map((name) => resource(name, diary)), { logger });
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(diary).toEqual(['start log', 'start store', 'start server', 'stop server', 'stop store', 'stop log']);
  });

  it('rolls back what was started when one fails, and throws that failure', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle([resource('log', diary), resource('store', diary, 'start'), resource('server', diary)], { logger });
    await expect(lifecycle.start()).rejects.toThrow('start of store');
    expect(diary).toEqual(['start log', 'start store', 'stop log']);
  });

  it('goes on stopping when one fails, and reports it', async () => {
    const diary: string[] = [];
    const lifecycle = new Lifecycle([resource('log', diary), resource('store', diary, 'stop')], { logger });
    await lifecycle.start();
    expect(await lifecycle.stop()).toEqual({ failed: ['store'], late: [] });
    expect(diary).toContain('stop log');
  });

  it('gives up at the deadline what does not stop, and still stops the rest', async () => {
    const diary: string[] = [];
    const hanging: Resource = { name: 'hanging', start: () => undefined, stop: () => new Promise(() => undefined) };
    const lifecycle = new Lifecycle([resource('log', diary), hanging], { logger, stopDeadlineMs: 5 });
    await lifecycle.start();
    expect(await lifecycle.stop()).toEqual({ failed: [], late: ['hanging'] });
    expect(diary).toEqual(['start log', 'stop log']);
  });

  it('starts nothing more once stopping has begun', async () => {
    const diary: string[] = [];
    const lifecycle: Lifecycle = new Lifecycle([{ name: 'first', start: () => { void lifecycle.stop(); }, stop: () => undefined }, resource('second', diary)], { logger });
    await lifecycle.start();
    expect(diary).toEqual([]);
  });
});
