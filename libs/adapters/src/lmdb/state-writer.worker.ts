/** The thread of `StateWriter`: brings packed entries into LMDB, each order in one transaction. Runs as it stands, so it imports no neighbour. */
import { parentPort, workerData } from 'node:worker_threads';
import { open } from 'lmdb';
import type { PublishAnswer, PublishOrder } from './state-writer';

const positionKey = Buffer.from([0]);
const headBytes = 8;
const gone = 0xffffffff;
const options = { encoding: 'binary', keyEncoding: 'binary' } as const;
const root = open<Buffer, Buffer>({ path: String(workerData), maxDbs: 1_024, overlappingSync: false, noMemInit: true, ...options });

function publish({ lane, position, blocks }: PublishOrder): void {
  const database = root.openDB<Buffer, Buffer>(`lane ${lane}`, options);
  const entries = blocks.flatMap(({ bytes, length }) => unpack(Buffer.from(bytes, 0, length))).sort((left, right) => Buffer.compare(left[0], right[0]));
  root.transactionSync(() => {
    for (const [key, value] of entries) {
      if (value === undefined) database.removeSync(key);
      else database.putSync(key, value);
    }
    const at = Buffer.alloc(8);
    at.writeDoubleBE(position);
    database.putSync(positionKey, at);
  });
}

function unpack(bytes: Buffer): Array<[key: Buffer, value: Buffer | undefined]> {
  const entries: Array<[Buffer, Buffer | undefined]> = [];
  for (let at = 0; at < bytes.length;) {
    const keyEnd = at + headBytes + bytes.readUInt32LE(at), valueLength = bytes.readUInt32LE(at + 4);
    const valueEnd = valueLength === gone ? keyEnd : keyEnd + valueLength;
    entries.push([bytes.subarray(at + headBytes, keyEnd), valueLength === gone ? undefined : bytes.subarray(keyEnd, valueEnd)]);
    at = valueEnd;
  }
  return entries;
}

parentPort?.on('message', (order: PublishOrder) => {
  const answer: { -readonly [K in keyof PublishAnswer]: PublishAnswer[K] } = { error: undefined };
  try { publish(order); } catch (cause) { answer.error = cause instanceof Error ? cause.message : String(cause); }
  parentPort?.postMessage(answer);
});
