import { onlineStoreContract } from '@weir/ports/testing';
import { Redis } from 'ioredis';
import { describeOn, freshName, redisClusterServer, redisServer } from '../testing-servers';
import { RedisOnlineStore, RedisReplies, type RedisConnection } from './index';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const unreachable: RedisConnection = { url: 'redis://127.0.0.1:1', connectTimeoutMs: 50, commandTimeoutMs: 200, retriesMax: 0 };

function storeSpec(connection: RedisConnection): void {
  onlineStoreContract(() => {
    const prefix = freshName('weir');
    const store = new RedisOnlineStore({ ...connection, prefix });
    return Promise.resolve({
      store,
      reopen: async () => {
        await store.close();
        return new RedisOnlineStore({ ...connection, prefix });
      },
    });
  });

  it('publishes more than one command can hold, at once', async () => {
    const store = new RedisOnlineStore({ ...connection, prefix: freshName('weir') });
    const changes = Array.from({ length: 40_000 }, (_, index) => [`stage/${index}`, bytes(index & 255, index >> 8)] as const);
    await store.publish(0, 7, changes);
    await store.publish(0, 8, changes.slice(0, 30_000).map(([key]) => [key, undefined] as const));
    let count = 0;
    for await (const [key, value] of store.scan(0, 'stage/')) {
      count += 1;
      expect(value[0]).toBe(Number(key.slice(6)) & 255);
    }
    expect(count).toBe(10_000);
    await store.clear(0);
    await store.close();
  });

  it('names some keys of a lane, of another part of it at each turn', async () => {
    const store = new RedisOnlineStore({ ...connection, prefix: freshName('weir'), buckets: 4 }), keys = Array.from({ length: 200 }, (_, index) => `stage/${index}`);
    expect(await store.someKeys(0, 10, 0)).toEqual([]);
    await store.publish(0, 1, keys.map((key) => [key, bytes(1)] as const));
    const turns = await Promise.all([0, 1, 2, 3, 4].map((turn) => store.someKeys(0, 1_000, turn)));
    expect(turns.slice(0, 4).flat().sort()).toEqual([...keys].sort());
    expect([...(turns[4] ?? [])].sort()).toEqual([...(turns[0] ?? [])].sort());
    expect(new Set(await store.someKeys(0, 7, 1)).size).toBe(7);
    await store.close();
  });

  it('refuses an owner that was replaced, whatever it wants to publish', async () => {
    const prefix = freshName('weir');
    const old = new RedisOnlineStore({ ...connection, prefix }), owner = new RedisOnlineStore({ ...connection, prefix });
    await old.publish(0, 10, [['k', bytes(1)]]);
    await owner.publish(0, 20, [['k', bytes(2)]]);
    await expect(old.publish(0, 15, [['k', bytes(3)], ['other', bytes(3)], ['k2', undefined]])).rejects.toMatchObject({ code: 'WEIR_FENCED', retriable: false });
    const [read] = await owner.readWithPosition([0], ['k', 'other']);
    expect([read?.position, [...(read?.values[0] ?? [])], read?.values[1]]).toEqual([20, [2], undefined]);
    await old.close();
    await owner.close();
  });

  it('shows position and values of one moment to a reader, while they are published', async () => {
    const prefix = freshName('weir');
    const owner = new RedisOnlineStore({ ...connection, prefix }), reader = new RedisOnlineStore({ ...connection, prefix });
    const keys = Array.from({ length: 40 }, (_, index) => `stage/${index}`);
    let reads = 0, isPublishing = true;
    const publishing = (async () => {
      for (let position = 0; position < 60 || reads < 10; position += 1) await owner.publish(0, position, keys.map((key) => [key, bytes(position % 256)] as const));
    })().finally(() => { isPublishing = false; });
    for (; isPublishing; reads += 1) {
      const [read] = await reader.readWithPosition([0], keys), position = read?.position ?? -1;
      expect(new Set(read?.values.map((value) => value?.[0]))).toEqual(new Set([position < 0 ? undefined : position % 256]));
    }
    await publishing;
    await owner.close();
    await reader.close();
  });

  it('refuses a lane that was written with other buckets', async () => {
    const prefix = freshName('weir');
    const store = new RedisOnlineStore({ ...connection, prefix }), other = new RedisOnlineStore({ ...connection, prefix, buckets: 4 });
    await store.publish(0, 1, [['k', bytes(1)]]);
    await expect(other.publish(0, 2, [['k', bytes(2)]])).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED', retriable: false });
    await store.close();
    await other.close();
  });

  it('says so when fewer replicas have a publish than wanted', async () => {
    const store = new RedisOnlineStore({ ...connection, prefix: freshName('weir'), replicasMin: 1, commandTimeoutMs: 50 });
    await expect(store.publish(0, 1, [['k', bytes(1)]])).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED', retriable: true });
    await store.close();
  });
}

describe('Redis', () => {
  describeOn(redisServer(), (url) => {
    storeSpec({ url });

    it('fails with an error that may be tried again, when nobody answers', async () => {
      const store = new RedisOnlineStore(unreachable);
      await expect(store.position(0)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED', retriable: true });
      await expect(store.publish(0, 1, [])).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED', retriable: true });
      await store.close();
    });

    it('is let in by user and password, and refused without', async () => {
      const admin = new Redis(url), user = freshName('user'), prefix = freshName('weir');
      await admin.call('ACL', 'SETUSER', user, 'on', '>secret', `~{${prefix}:*`, '+@all');
      const { host } = new URL(url);
      const allowed = new RedisOnlineStore({ url: `redis://${host}`, username: user, password: 'secret', prefix });
      await allowed.publish(0, 3, [['k', bytes(1)]]);
      expect(await allowed.position(0)).toBe(3);
      const refused = new RedisOnlineStore({ url: `redis://${host}`, username: user, password: 'wrong', prefix, retriesMax: 0, commandTimeoutMs: 500 });
      await expect(refused.position(0)).rejects.toMatchObject({ code: 'WEIR_STORE_FAILED' });
      await admin.call('ACL', 'DELUSER', user);
      for (const each of [allowed, refused]) await each.close();
      admin.disconnect();
    });

    describe('replies', () => {
      it('bring each answer, in order, to the address that asked, and to no other', async () => {
        const prefix = freshName('weir');
        const gateway = new RedisReplies({ url, prefix }), other = new RedisReplies({ url, prefix }), stage = new RedisReplies({ url, prefix });
        const heard: number[] = [], strange: number[] = [];
        const all = new Promise<void>((resolve) => {
          void gateway.subscribe('g1', (replies) => {
            heard.push(...replies.map((reply) => Buffer.from(reply).readUInt16LE()));
            if (heard.length === 5_000) resolve();
          }).then(() => other.subscribe('g2', (replies) => { strange.push(replies.length); })).then(() => {
            for (let number = 0; number < 5_000; number += 1) {
              const reply = Buffer.alloc(2);
              reply.writeUInt16LE(number);
              stage.send('g1', reply);
            }
          });
        });
        await all;
        expect(heard).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
        expect([strange, stage.dropped]).toEqual([[], 0]);
        for (const each of [gateway, other, stage]) await each.close();
      });

      it('are dropped and counted, not kept, when nobody takes them', async () => {
        const stage = new RedisReplies({ ...unreachable, waitingMax: 2 });
        for (let number = 0; number < 5; number += 1) stage.send('g1', bytes(number));
        await stage.close();
        expect(stage.dropped).toBe(5);
      });
    });
  });

  describeOn(redisClusterServer(), (urls) => storeSpec({ cluster: urls.split(',') }));
});
