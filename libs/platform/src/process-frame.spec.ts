import { EventEmitter } from 'node:events';
import type { Resource } from './lifecycle';
import { createLogger } from './logger';
import { runProcess } from './process-frame';

const logger = createLogger({ service: 'test', level: 'silent' });

class Host extends EventEmitter {
  readonly exited: Promise<number>;
  exit!: (code?: number | string | null) => never;
  constructor() {
    super();
    this.exited = new Promise((resolve) => { this.exit = ((code: number) => resolve(code)) as unknown as Host['exit']; });
  }
}

async function exitCode(resources: readonly Resource[], signal: string | undefined): Promise<number> {
  const host = new Host();
  await runProcess({ resources, logger, stopDeadlineMs: 10, host: host as unknown as NodeJS.Process, onReady: () => { if (signal !== undefined) host.emit(signal, new Error('x')); } });
  return host.exited;
}

const fine: Resource = { name: 'fine', start: () => undefined, stop: () => undefined };

describe('runProcess', () => {
  it.each([
    ['SIGTERM', [fine], 'SIGTERM', 0],
    ['SIGINT', [fine], 'SIGINT', 0],
    ['an error nobody caught', [fine], 'uncaughtException', 1],
    ['a stop that fails', [{ ...fine, stop: () => { throw new Error('stuck'); } }], 'SIGTERM', 1],
    ['a start that fails', [{ ...fine, start: () => { throw new Error('no disk'); } }], undefined, 1],
  ] as const)('ends after %s with the right code', async (_what, resources, signal, expected) => {
    expect(await exitCode(resources, signal)).toBe(expected);
  });
});
