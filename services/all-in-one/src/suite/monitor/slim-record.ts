import { featureValue } from '@weir/contracts';
import { DecisionCodec, type DecisionLayout } from '@weir/rules';

/** Layouts whose codecs are kept. */
const codecsMax = 64;

/** Unpacks of a stored decision what the monitors look at, as JSON with the names of the whole record. */
export function slimRecords(): (layoutJson: string, bytes: Uint8Array) => string {
  const codecs = new Map<string, DecisionCodec>();
  return (layoutJson, bytes) => {
    let codec = codecs.get(layoutJson);
    if (codec === undefined) {
      if (codecs.size >= codecsMax) codecs.clear();
      codecs.set(layoutJson, (codec = new DecisionCodec(JSON.parse(layoutJson) as DecisionLayout))); // written with the decision
    }
    const { verdict } = codec.decode(bytes), { vector } = verdict;
    const features = Object.fromEntries(vector.layout.names.map((name, slot) => [name, featureValue(vector, slot)]));
    return JSON.stringify({ model: verdict.model, other_models: verdict.other_models, features, tx: verdict.tx });
  };
}
