import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { inputNameFaults, modelInputNames } from './input-names';

/** A model file with nothing in it but metadata and, before and after, other fields. */
function fileWith(entries: Readonly<Record<string, string>>): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int64(8).tag(7, WireType.LengthDelimited).bytes(new Uint8Array(300));
  for (const [key, value] of Object.entries(entries)) writer.tag(14, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(key).tag(2, WireType.LengthDelimited).string(value).join();
  return writer.tag(5, WireType.Varint).int64(1).finish();
}
const features = ['tx:amount', 'card:count_1h'];

describe('names that a model carries for its inputs', () => {
  it.each([
    ['as JSON', '["amount","count_1h"]', ['amount', 'count_1h']], ['separated by commas', 'amount, count_1h', ['amount', 'count_1h']], ['as placeholders', 'f0,f1', undefined], ['empty', '', undefined],
  ])('are read %s', (_how, text, names) => { expect(modelInputNames(fileWith({ producer: 'x', feature_names: text }))).toEqual(names); });

  it('may be missing', () => {
    expect(modelInputNames(fileWith({}))).toBeUndefined();
    expect(inputNameFaults(fileWith({}), features)).toEqual([]);
  });

  it.each([['amount,count_1h'], ['tx:amount,card:count_1h'], ['tx.amount,card.count_1h'], ['tx__amount,count_1h']])('%s fit the service', (text) => { expect(inputNameFaults(fileWith({ feature_names: text }), features)).toEqual([]); });

  it('say at which position the service gives something else', () => {
    expect(inputNameFaults(fileWith({ feature_names: 'count_1h,amount' }), features)).toEqual([{ position: 0, expected: 'count_1h', got: 'tx:amount' }, { position: 1, expected: 'amount', got: 'card:count_1h' }]);
    expect(inputNameFaults(fileWith({ feature_names: 'amount' }), features)).toEqual([{ position: 1, expected: '1 features', got: '2' }]);
  });
});
