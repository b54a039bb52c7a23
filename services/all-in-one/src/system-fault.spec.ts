import { openSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemFault } from './system-fault';

const caught = (what: () => unknown): unknown => { try { return what(); } catch (error) { return error; } };

it('what the system refused is said in words, with the path', () => {
  const missing = join(tmpdir(), 'weir-no-such-folder', 'out.jsonl');
  expect(systemFault(caught(() => openSync(missing, 'w')))).toBe(`${missing}: no such file or folder`);
  expect(systemFault(caught(() => openSync(tmpdir(), 'w')))).toBe(`${tmpdir()}: a file is expected, this is a folder`);
  expect(systemFault(new Error('ours'))).toBeUndefined();
});

it('a port that is taken is named', async () => {
  const listening = async (port: number): Promise<Server> => { const server = createServer().listen(port, '127.0.0.1'); await once(server, 'listening'); return server; };
  const first = await listening(0), address = first.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const fault = systemFault(await listening(port).catch((error: unknown) => error));
  first.close();
  expect(fault).toBe(`port ${port} is taken by another process: give another with --port, or --port 0 for a free one`);
});
