import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** A way to a server that a test can make slow, cut, or close. */
export class TcpProxy {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server: Server;
  #delayMs = 0;
  #closed = false;
  #silent = false;

  private constructor(private readonly host: string, private readonly port: number) {
    this.#server = createServer((client) => this.#join(client));
  }

  /** @param address `host:port` of the server. */
  static async to(address: string): Promise<TcpProxy> {
    const { hostname, port } = new URL(`tcp://${address}`);
    const proxy = new TcpProxy(hostname, Number(port));
    await new Promise<void>((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve); });
    return proxy;
  }

  /** `host:port` to give to clients. */
  get address(): string { return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; } // it listens on a port, so it is one
  get connections(): number { return this.#pairs.size; }

  /** Everything the server says comes so much later. */
  slow(delayMs: number): void { this.#delayMs = delayMs; }
  /** Ends all connections at once. New ones are taken. */
  cut(): void { for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy(); }
  /** Ends all connections and takes no new ones, until `open`. */
  shut(): void { this.#closed = true; this.cut(); }
  open(): void { this.#closed = false; this.#silent = false; }
  /** What the server says from now on is lost, and nobody is told. */
  silence(): void { this.#silent = true; }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => { this.#server.close(() => resolve()); });
  }

  #join(client: Socket): void {
    if (this.#closed) { client.resetAndDestroy(); return; }
    const server = connect(this.port, this.host), pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => { this.#pairs.delete(pair); client.destroy(); server.destroy(); };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => {
      if (this.#silent) return;
      if (this.#delayMs === 0) client.write(bytes);
      else setTimeout(() => { if (!client.destroyed) client.write(bytes); }, this.#delayMs);
    });
  }
}
