import { isNumericType, WeirError, type FeatureVector, type StreamEvent } from '@weir/contracts';
import type { DefinitionSet, Model, Source } from '@weir/definitions';

/** Reads one input of a model: null is NaN, a bool 0 or 1. */
export type InputReader = (event: StreamEvent, vector: FeatureVector) => number;

const toNumber = (value: unknown): number => (typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : Number.NaN);

/**
 * The readers of a model's inputs, in the order of its FeatureService.
 * @throws WeirError WEIR_MODEL_INVALID for a feature that this source's events do not carry, or that is text.
 */
export function inputReaders(model: Model, set: DefinitionSet, source: Source): readonly InputReader[] {
  const service = set.services.get(model.features);
  if (!service) throw misfit(model, 'a FeatureService', model.features);
  return service.features.map((feature) => {
    const [view = '', name = ''] = feature.split(':');
    return view === 'tx' ? fieldReader(model, source, name) : featureReader(model, set, source, `${view}.${name}`);
  });
}

function fieldReader(model: Model, source: Source, name: string): InputReader {
  if (name === source.time) return (event) => event.timeMs;
  const slot = source.slotByField.get(name);
  if (slot === undefined || source.fields[slot]?.type === 'string') throw misfit(model, `a field of ${source.name} that is no text`, `tx:${name}`);
  return (event) => toNumber(event.values[slot]);
}

function featureReader(model: Model, set: DefinitionSet, source: Source, qualifiedName: string): InputReader {
  const layout = set.layoutBySource.get(source.name), slot = layout?.slotByName.get(qualifiedName), type = slot === undefined ? undefined : layout?.types[slot];
  if (slot === undefined || type === undefined || !isNumericType(type)) throw misfit(model, `a feature of ${source.name} that is a number`, qualifiedName);
  return (_, vector) => vector.numbers[slot] as number;
}

const misfit = (model: Model, expected: string, got: string): WeirError =>
  new WeirError('WEIR_MODEL_INVALID', `model ${model.name}: ${expected} expected, got ${got}`, { findings: [{ where: model.name, field: 'features', expected, got, name: model.name }] });
