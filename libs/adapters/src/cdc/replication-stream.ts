import { Client } from 'pg';
import { epochOffsetMs } from './pgoutput';

/** What `pg` has and its types do not say. */
interface CopyConnection {
  on(event: 'copyData', listen: (message: { readonly chunk: Buffer }) => void): unknown;
  once(event: 'replicationStart', listen: () => void): unknown;
  sendCopyFromChunk(chunk: Buffer): void;
  readonly stream: { pause(): void; resume(): void };
}

const walData = 0x77, keepalive = 0x6b, standbyStatus = 0x72;

export interface StreamListener {
  data(lsn: bigint, message: Buffer): void;
  /** The server has nothing more up to here; it may want to hear from us. */
  idle(walEnd: bigint, replyWanted: boolean): void;
}

/** A connection in replication mode: SQL and replication commands, then the stream of a slot. */
export class ReplicationStream {
  readonly #client: Client;

  private constructor(client: Client) { this.#client = client; }

  static async connect(url: string): Promise<ReplicationStream> {
    // `pg` passes `replication` on to the server, without saying so in its types.
    const settings: ConstructorParameters<typeof Client>[0] & { readonly replication: string } = { connectionString: url, replication: 'database', application_name: 'weir-cdc', options: '-c datestyle=ISO -c timezone=UTC -c extra_float_digits=3', keepAlive: true };
    const client = new Client(settings);
    await client.connect();
    return new ReplicationStream(client);
  }

  async query(command: string): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> {
    const { rows } = await this.#client.query<Record<string, unknown>>(command);
    return rows;
  }

  /** Streams until the connection ends; the server goes on where the slot was acknowledged. */
  async stream(slot: string, publication: string, listener: StreamListener): Promise<void> {
    this.#connection.on('copyData', ({ chunk }) => {
      if (chunk[0] === walData) listener.data(chunk.readBigUInt64BE(1), chunk.subarray(25));
      else if (chunk[0] === keepalive) listener.idle(chunk.readBigUInt64BE(1), chunk[17] === 1);
    });
    await this.#client.query(`START_REPLICATION SLOT "${slot}" LOGICAL 0/0 (proto_version '1', publication_names '"${publication}"')`);
  }

  /** Everything before `lsn` is taken for good: the server may forget it. */
  acknowledge(lsn: bigint, nowMs: number): void {
    const status = Buffer.alloc(34);
    status[0] = standbyStatus;
    for (const at of [1, 9, 17]) status.writeBigUInt64BE(lsn, at);
    status.writeBigInt64BE(BigInt(Math.floor(nowMs) - epochOffsetMs) * 1_000n, 25);
    this.#connection.sendCopyFromChunk(status);
  }

  pause(): void { this.#connection.stream.pause(); }
  resume(): void { this.#connection.stream.resume(); }

  /** Calls back once, when the connection breaks. */
  onError(fail: (error: Error) => void): void { this.#client.once('error', fail); }

  async close(): Promise<void> { await this.#client.end().catch(() => undefined); }

  get #connection(): CopyConnection {
    const connection: unknown = Reflect.get(this.#client, 'connection');
    return connection as CopyConnection; // as `pg`'s own replication example uses it
  }
}
