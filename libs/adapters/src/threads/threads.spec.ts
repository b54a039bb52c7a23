import { Worker } from 'node:worker_threads';
import { WeirError } from '@weir/contracts';
import { AskedThread, OrderedThread, serveAsked } from './index';

const doubling = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (order) => {
    if (order === 'close') return parentPort.close();
    if (order === 'break') throw new Error('broken');
    parentPort.postMessage(order * 2);
  });`;
const doubler = (): OrderedThread<number | 'close' | 'break', number> => new OrderedThread(new Worker(doubling, { eval: true }), 'the thread that doubles');

describe('a thread that answers in order', () => {
  it('gives each who asks his answer, and ends behind what was asked before', async () => {
    const thread = doubler();
    const answers = [1, 2, 3].map((order) => thread.ask(order));
    expect(thread.isWaitedFor).toBe(true);
    const ended = thread.end('close');
    expect(await Promise.all(answers)).toEqual([2, 4, 6]);
    await ended;
    await expect(thread.ask(4)).rejects.toThrow('the thread that doubles is closed');
  });

  it('that breaks tells all who wait, and who asks later, why', async () => {
    const thread = doubler();
    expect(await thread.ask(1)).toBe(2); // what a thread said just before it breaks may be lost with it
    const answers = await Promise.allSettled([thread.ask('break'), thread.ask(2)]);
    expect(answers.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)))).toEqual([expect.stringContaining('broken'), expect.stringContaining('broken')]);
    await expect(thread.ask(3)).rejects.toThrow('broken');
    expect(thread.isGone).toBe(true);
  });

  it('that is ended in the midst tells all who wait', async () => {
    const thread = doubler(), refused = expect(thread.next()).rejects.toThrow('the thread that doubles ended');
    await thread.terminate();
    await refused;
  });
});

describe('a thread that is asked several things at once', () => {
  const open = (answer: (question: string) => Promise<string>): AskedThread<string, string, null> =>
    new AskedThread({ built: undefined, job: null, serve: (port) => serveAsked(port, answer), gone: () => new Error('it is gone') });

  it('answers each when it is known, not in the order of the questions', async () => {
    let release: () => void = () => undefined;
    const thread = open(async (question) => {
      if (question === 'slow') await new Promise<void>((resolve) => { release = resolve; });
      return `${question}!`;
    });
    const slow = thread.ask('slow');
    expect(await thread.ask('quick')).toBe('quick!');
    expect(thread.waiting).toBe(1);
    release();
    expect(await slow).toBe('slow!');
    await thread.close();
  });

  it('hands on what an answer failed with, code and all', async () => {
    const thread = open((question) => Promise.reject(question === 'code' ? new WeirError('WEIR_NOT_FOUND', 'nothing there', { findings: [{ where: 'here', field: 'f', expected: 'e', got: 'g' }] }) : new Error('plain')));
    await expect(thread.ask('code')).rejects.toMatchObject({ name: 'WeirError', code: 'WEIR_NOT_FOUND', message: 'nothing there', findings: [{ where: 'here' }] });
    await expect(thread.ask('no code')).rejects.toThrow('plain');
    await thread.close();
  });

  it('that is closed fails what is not answered, and what is asked later', async () => {
    const thread = open(() => new Promise(() => undefined)), refused = expect(thread.ask('ever')).rejects.toThrow('it is gone');
    await thread.close();
    await refused;
    await expect(thread.ask('again')).rejects.toThrow('it is gone');
  });
});
