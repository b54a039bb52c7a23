import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '../client';
import { Interrupted } from '../terminal';
import { awaitBacktest } from './await-backtest';

/** A suite whose back-test runs until it is cancelled, or has just ended when it should be. */
class OneBacktest {
  private status = 'running';
  readonly asked: string[] = [];
  private readonly server: Server;

  constructor(private readonly endsFirst: boolean) {
    this.server = createServer(({ method, url }, response) => {
      this.asked.push(`${method ?? ''} ${url ?? ''}`);
      if (method === 'DELETE') this.status = this.endsFirst ? 'done' : 'cancelled';
      response.writeHead(method === 'DELETE' && this.endsFirst ? 409 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id: 'b-1', status: this.status, progress: { records: 1, of: 2 }, report: this.status === 'done' ? { decisions: 2 } : null, error: null }));
    });
  }
  async listen(): Promise<Client> {
    await new Promise<void>((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    return new Client({ url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` }, {}); // an address, for it listens on a port
  }
  close(): void { this.server.closeAllConnections(); this.server.close(); }
}

async function interrupted(suite: OneBacktest): Promise<unknown> {
  try {
    return await awaitBacktest(await suite.listen(), {}, { title: 'replaying', signal: AbortSignal.abort(new Interrupted('SIGINT')) });
  } finally {
    suite.close();
  }
}

describe('a command that waits for a back-test and is interrupted', () => {
  it('cancels it in the suite and ends as a shell expects it', async () => {
    const suite = new OneBacktest(false);
    await expect(interrupted(suite)).rejects.toMatchObject({ name: 'Interrupted', exitCode: 130 });
    expect(suite.asked).toEqual(['POST /backtests', 'DELETE /backtests/b-1', 'GET /backtests/b-1']);
  });

  it('gives the report where that was quicker', async () => {
    expect(await interrupted(new OneBacktest(true))).toEqual({ decisions: 2 });
  });
});
