import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError, type Value } from '@weir/contracts';
import type { Clock } from '@weir/ports';
import { Client } from 'pg';
import type { ChangeEvent, ChangeRow } from './change-event';
import { lsnNumber, valueOf } from './pg-values';
import { decodeMessage, type Message, type Relation, type Tuple } from './pgoutput';
import { ReplicationStream } from './replication-stream';

/** Columns of a table as the stream says them, and what is different from before. All lists are empty but `columns` when a table is first met. */
export interface SchemaReport {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly retyped: readonly string[];
}

export interface PostgresCdcOptions {
  readonly url: string;
  /** Name of the slot; it outlives this process and keeps the server's log until it is read or dropped. */
  readonly slot: string;
  /** Name of the publication; made for `tables` where it is missing. */
  readonly publication: string;
  /** `schema.table`. For deletes and moved keys a table needs a primary key; for large values that did not change, and for images before an update, `REPLICA IDENTITY FULL`. */
  readonly tables: readonly string[];
  readonly clock: Clock;
  /** Takes changes in order, durably. What it has not taken comes again after a restart. */
  readonly take: (events: readonly ChangeEvent[]) => Promise<void>;
  readonly schema?: (report: SchemaReport) => void;
  /** Changes handed over at once, and changes that wait before the server is asked to pause. */
  readonly batchMax?: number;
  readonly waitingMax?: number;
}

interface Waiting { readonly event: ChangeEvent | undefined; readonly endLsn: bigint | undefined }

const snapshotRows = 1_000;
const aliveMs = 10_000;
/** A server lets go of a slot a moment after its reader is gone; one that has it for longer reads it. */
const releaseWithinMs = 30_000, releaseLookMs = 50;
/** Says that we are there, and acknowledges nothing. */
const nothingNew = 0n;

/**
 * Change data of PostgreSQL: first all rows as they are, then every change since, without a gap: the rows are read in the snapshot that the slot begins at, and the lasting
 * slot is made only once they are taken, so a process that dies before begins anew. Versions are LSNs; what is taken twice is known by them.
 */
export class PostgresCdc {
  readonly #options: PostgresCdcOptions;
  readonly #relations = new Map<number, Relation>();
  readonly #relationByName = new Map<string, Relation>();
  #stream: ReplicationStream | undefined;
  #waiting: Waiting[] = [];
  #taking: Promise<void> | undefined;
  #transaction = { timeMs: 0, xid: 0, open: false };
  #stopping = false;
  #following = false;
  #paused = false;
  #failure: unknown;

  constructor(options: PostgresCdcOptions) { this.#options = options; }

  /** Runs until `stop`. @throws WeirError WEIR_LOG_FAILED, retriable, when the connection or `take` fails; running again goes on from there. */
  async run(): Promise<void> {
    try {
      await this.#publish();
      this.#stream = await ReplicationStream.connect(this.#options.url);
      if (!(await this.#slotExists())) await this.#snapshot(this.#stream);
      if (this.#stopping) return;
      this.#following = true;
      await this.#follow(this.#stream);
    } catch (cause) {
      if (this.#stopping && this.#failure === undefined) return;
      const reason = this.#failure ?? cause;
      throw reason instanceof WeirError ? reason : new WeirError('WEIR_LOG_FAILED', `change data of slot ${this.#options.slot} failed: ${reason instanceof Error ? reason.message : String(reason)}`, { cause: reason, retriable: true });
    } finally {
      await this.#stream?.close();
      this.#waiting = [];
      await this.#taking?.catch(() => undefined);
    }
  }

  /** Takes what has come, then ends `run`. The slot stays; rows that are being read at first are read again by the next run, unless all of them are taken. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#taking?.catch(() => undefined);
    if (this.#following) await this.#stream?.close();
  }

  /** Drops the slot: the next run begins with all rows again. */
  static async dropSlot(url: string, slot: string): Promise<void> {
    await withClient(url, async (client) => {
      await released(client, slot, () => false);
      await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [slot]);
    });
  }

  #publish(): Promise<void> {
    const { url, publication, tables } = this.#options;
    return withClient(url, async (client) => {
      const known = await client.query('select 1 from pg_publication where pubname = $1', [publication]);
      if (known.rowCount === 0) await client.query(`create publication ${quoted(publication)} for table ${tables.map(quotedTable).join(', ')}`);
    });
  }

  async #slotExists(): Promise<boolean> {
    const { url, slot } = this.#options;
    let exists = false;
    await withClient(url, async (client) => {
      exists = (await client.query('select 1 from pg_replication_slots where slot_name = $1', [slot])).rowCount !== 0;
      if (exists) await released(client, slot, () => this.#stopping);
    });
    return exists;
  }

  async #snapshot(stream: ReplicationStream): Promise<void> {
    const { slot, url, tables } = this.#options;
    const passing = `${slot.slice(0, 50)}_${randomBytes(4).toString('hex')}`;
    const [made] = await stream.query(`CREATE_REPLICATION_SLOT "${passing}" TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT`);
    // The first change behind the snapshot may begin right at its place.
    const version = lsnNumber(String(made?.['consistent_point'])) - 1, snapshot = String(made?.['snapshot_name']);
    let complete = true;
    await withClient(url, async (client) => {
      await client.query(`begin isolation level repeatable read read only; set transaction snapshot '${snapshot.replaceAll("'", "''")}'`);
      for (const table of tables) complete = (await this.#snapshotTable(client, table, version)) && complete;
      await client.query('commit');
    });
    if (complete) await stream.query(`select pg_copy_logical_replication_slot('${passing}', '${slot.replaceAll("'", "''")}', false)`);
    await stream.query(`DROP_REPLICATION_SLOT "${passing}"`);
  }

  /** True when all rows are taken. */
  async #snapshotTable(client: Client, qualified: string, version: number): Promise<boolean> {
    const [schema = '', table = ''] = splitTable(qualified);
    for await (const { rows, fields } of rowsOf(client, qualified)) {
      this.#meet({ oid: 0, schema, table, columns: fields.map(({ name, dataTypeID }) => ({ name, isKey: false, typeOid: dataTypeID })) });
      if (rows.length === 0) continue; // the last piece: the reader closes its cursor behind it
      if (this.#stopping) return false;
      await this.#options.take(rows.map((after) => ({ op: 'r', before: null, after, version, source: { connector: 'postgresql', db: client.database ?? '', schema, table, tsMs: this.#options.clock.nowMs(), snapshot: true, txId: null } })));
    }
    return true;
  }

  async #follow(stream: ReplicationStream): Promise<void> {
    const broken = new Promise<never>((_, reject) => stream.onError(reject));
    const failed = new Promise<never>((_, reject) => { this.#fail = reject; });
    // The server ends a connection it hears nothing of, and `take` may be long.
    const alive = setInterval(() => stream.acknowledge(nothingNew, this.#options.clock.nowMs()), aliveMs);
    try {
      await Promise.race([broken, failed, stream.stream(this.#options.slot, this.#options.publication, {
      data: (lsn, bytes) => this.#read(lsn, decodeMessage(bytes)),
      // Nothing is under way, so what the server wrote for others need not be kept for us.
      idle: (walEnd, replyWanted) => {
        const nothingWaits = this.#waiting.length === 0 && this.#taking === undefined && !this.#transaction.open;
        if (nothingWaits || replyWanted) stream.acknowledge(nothingWaits ? walEnd : nothingNew, this.#options.clock.nowMs());
      },
    })]);
    } finally {
      clearInterval(alive);
    }
  }
  #fail: (error: unknown) => void = () => undefined;

  #read(lsn: bigint, message: Message): void {
    switch (message.kind) {
      case 'begin': this.#transaction = { timeMs: message.commitTimeMs, xid: message.xid, open: true }; return;
      case 'commit':
        this.#transaction.open = false;
        this.#add({ event: undefined, endLsn: message.endLsn });
        return;
      case 'relation': this.#meet(message.relation); return;
      case 'insert': this.#change(lsn, 'c', message.relationOid, undefined, message.after); return;
      case 'update': this.#change(lsn, 'u', message.relationOid, message.before, message.after); return;
      case 'delete': this.#change(lsn, 'd', message.relationOid, message.before, undefined); return;
      case 'truncate': for (const oid of message.relationOids) this.#change(lsn, 't', oid, undefined, undefined); return;
      case 'other': return;
    }
  }

  #change(lsn: bigint, op: ChangeEvent['op'], relationOid: number, before: Tuple | undefined, after: Tuple | undefined): void {
    const relation = this.#relations.get(relationOid);
    if (relation === undefined) throw new WeirError('WEIR_LOG_FAILED', `a change of a table that the server did not describe: ${relationOid}`);
    this.#add({
      endLsn: undefined,
      event: {
        op, before: before === undefined ? null : rowOf(relation, before, undefined), after: after === undefined ? null : rowOf(relation, after, before), version: Number(lsn),
        source: { connector: 'postgresql', db: '', schema: relation.schema, table: relation.table, tsMs: this.#transaction.timeMs, snapshot: false, txId: this.#transaction.xid },
      },
    });
  }

  #meet(relation: Relation): void {
    const name = `${relation.schema}.${relation.table}`, before = this.#relationByName.get(name);
    this.#relations.set(relation.oid, relation);
    this.#relationByName.set(name, relation);
    const typeBefore = new Map(before?.columns.map(({ name, typeOid }) => [name, typeOid]) ?? []), typeNow = new Map(relation.columns.map(({ name, typeOid }) => [name, typeOid]));
    const report: SchemaReport = {
      schema: relation.schema, table: relation.table, columns: [...typeNow.keys()],
      added: before === undefined ? [] : [...typeNow.keys()].filter((name) => !typeBefore.has(name)),
      removed: [...typeBefore.keys()].filter((name) => !typeNow.has(name)),
      retyped: [...typeNow].filter(([name, type]) => typeBefore.has(name) && typeBefore.get(name) !== type).map(([name]) => name),
    };
    if (before === undefined || report.added.length + report.removed.length + report.retyped.length > 0) this.#options.schema?.(report);
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (!this.#paused && this.#waiting.length >= (this.#options.waitingMax ?? 20_000)) {
      this.#paused = true;
      this.#stream?.pause();
    }
    this.#taking ??= this.#takeAll();
  }

  /** Hands over what waits, and acknowledges the last whole transaction in it. */
  async #takeAll(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const some = this.#waiting.slice(0, this.#options.batchMax ?? 2_000);
        const events = some.flatMap(({ event }) => (event === undefined ? [] : [event]));
        if (events.length > 0) await this.#options.take(events);
        this.#waiting = this.#waiting.slice(some.length);
        const endLsn = some.findLast((each) => each.endLsn !== undefined)?.endLsn;
        if (endLsn !== undefined) this.#stream?.acknowledge(endLsn, this.#options.clock.nowMs());
        if (this.#paused && this.#waiting.length === 0) {
          this.#paused = false;
          this.#stream?.resume();
        }
      }
    } catch (error) {
      this.#failure = error;
      this.#fail(error);
    } finally {
      this.#taking = undefined;
    }
  }
}

/** All rows of a table as of one moment, with the values that changes have: what a source holds, to be compared. */
export async function readTable(url: string, table: string, take: (rows: readonly ChangeRow[]) => void): Promise<void> {
  await withClient(url, async (client) => {
    await client.query('begin isolation level repeatable read read only');
    for await (const { rows } of rowsOf(client, table)) take(rows);
    await client.query('commit');
  });
}

/** The rows of a table in pieces, within a transaction; the last piece is empty. */
async function* rowsOf(client: Client, qualified: string): AsyncGenerator<{ readonly rows: readonly ChangeRow[]; readonly fields: ReadonlyArray<{ readonly name: string; readonly dataTypeID: number }> }> {
  const raw = { getTypeParser: () => (text: string) => text };
  await client.query(`declare rows no scroll cursor for select * from ${quotedTable(qualified)}`);
  for (;;) {
    const { rows, fields } = await client.query<Array<string | null>>({ text: `fetch ${snapshotRows} from rows`, rowMode: 'array', types: raw });
    yield { fields, rows: rows.map((row) => Object.fromEntries(fields.map((field, index) => [field.name, valueOf(row[index] ?? null, field.dataTypeID)]))) };
    if (rows.length === 0) break;
  }
  await client.query('close rows');
}

/** A value that was not sent is the one before where that is known, else it is left out. */
function rowOf(relation: Relation, tuple: Tuple, before: Tuple | undefined): ChangeRow {
  const row: Record<string, Value> = {};
  relation.columns.forEach(({ name, typeOid }, index) => {
    const text = tuple[index] === undefined ? before?.[index] : tuple[index];
    if (text !== undefined) row[name] = valueOf(text, typeOid);
  });
  return row;
}

async function released(client: Client, slot: string, isOver: () => boolean): Promise<void> {
  for (const untilMs = performance.now() + releaseWithinMs; !isOver() && performance.now() < untilMs; await sleep(releaseLookMs)) {
    if ((await client.query('select 1 from pg_replication_slots where slot_name = $1 and active', [slot])).rowCount === 0) return;
  }
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url, application_name: 'weir-cdc', options: '-c datestyle=ISO -c timezone=UTC -c extra_float_digits=3' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const splitTable = (name: string): readonly string[] => (name.includes('.') ? name.split('.', 2) : ['public', name]);
const quotedTable = (name: string): string => splitTable(name).map(quoted).join('.');
