import { entityKey } from './entity-key';

describe('the key of an entity', () => {
  it.each([
    [['c1'], 'c1'], [['a|b'], 'a|b'], [[7], '7'], [[true], 'true'], [['a|b', 'c d'], 'a%7Cb|c%20d'], [[1, false], '1|false'],
  ] as const)('of %j is %s', (parts, key) => expect(entityKey(parts)).toBe(key));

  it.each([[[null]], [[undefined]], [['a', null]], [[undefined, 'b']]])('is missing where a part is: %j', (parts) => expect(entityKey(parts)).toBeUndefined());

  it('takes half of a surrogate pair, which JSON may bring, for an unreadable character', () => {
    expect(entityKey(['\ud800', 'b\udc00'])).toBe('%EF%BF%BD|b%EF%BF%BD');
    expect(entityKey(['\u{1f600}', 'b'])).toBe('%F0%9F%98%80|b');
  });
});
