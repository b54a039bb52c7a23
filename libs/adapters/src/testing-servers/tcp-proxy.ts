import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A way to a server that a test can make slow, cut, or close. */
export class TcpProxy {
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server: Server;
  #delayMs = 0;
  #closed = false;
  #silent = false;
  #parted = false;

  #host = '';
  #port = 0;

  private constructor() { this.#server = createServer((client) => this.#join(client)); }

  /** @param address `host:port` of the server. */
  static async to(address: string): Promise<TcpProxy> {
    const proxy = await TcpProxy.listening();
    proxy.aim(address);
    return proxy;
  }

  /** Listens, and knows no server yet: for one that has to be told beforehand how it is reached. */
  static async listening(): Promise<TcpProxy> {
    const proxy = new TcpProxy();
    await new Promise<void>((resolve) => { proxy.#server.listen(0, '127.0.0.1', resolve); });
    return proxy;
  }

  /** @param address `host:port` of the server. */
  aim(address: string): void {
    const { hostname, port } = new URL(`tcp://${address}`);
    this.#host = hostname;
    this.#port = Number(port);
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
  open(): void { this.#closed = false; this.#silent = false; this.#parted = false; }
  /** Nothing passes any more, either way; connections stay, new ones are taken and lead nowhere. */
  part(): void { this.#parted = true; }
  /** What the server says from now on is lost, and nobody is told. */
  silence(): void { this.#silent = true; }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => { this.#server.close(() => resolve()); });
  }

  #join(client: Socket): void {
    if (this.#closed) { client.resetAndDestroy(); return; }
    const server = connect(this.#port, this.#host), pair = [client, server] as const;
    this.#pairs.add(pair);
    const end = (): void => { this.#pairs.delete(pair); client.destroy(); server.destroy(); };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (bytes) => { if (!this.#parted) server.write(bytes); });
    // What is late goes before what comes after it, also when that would not be late any more.
    let late: Promise<void> | undefined;
    server.on('data', (bytes) => {
      if (this.#silent || this.#parted) return;
      if (this.#delayMs === 0 && late === undefined) { client.write(bytes); return; }
      const dueMs = performance.now() + this.#delayMs;
      const turn: Promise<void> = (late ?? Promise.resolve()).then(() => sleep(Math.max(0, dueMs - performance.now()))).then(() => {
        if (!client.destroyed) client.write(bytes);
        if (late === turn) late = undefined;
      });
      late = turn;
    });
  }
}
