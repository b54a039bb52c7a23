import { OnnxModelRuntime } from '@weir/adapters/onnx';
import { WeirError } from '@weir/contracts';
import type { DefinitionSet } from '@weir/definitions';
import { inputNameFaults } from '@weir/models';
import type { ModelArtifacts } from './model-artifacts';

/** Loads every model of a set once before it is applied: what does not load or fit is refused, and nothing changes. */
export async function approveModels(set: DefinitionSet, artifacts: ModelArtifacts): Promise<void> {
  const runtime = new OnnxModelRuntime();
  for (const model of set.models.values()) {
    const bytes = await artifacts.read(model.file, model.sha256);
    const loaded = await runtime.load({ bytes, output: model.output });
    const features = set.services.get(model.features)?.features ?? [];
    const inputs = features.length;
    await loaded.close();
    if (loaded.inputs !== inputs) {
      throw new WeirError('WEIR_MODEL_INVALID', `model ${model.name} takes ${loaded.inputs} inputs, its feature service ${model.features} gives ${inputs}`, {
        findings: [{ where: model.file, field: 'features', expected: `${loaded.inputs} features`, got: `${inputs}`, name: model.name }],
      });
    }
    const faults = inputNameFaults(bytes, features);
    if (faults.length > 0) {
      throw new WeirError('WEIR_MODEL_INVALID', `model ${model.name} names its inputs otherwise than its feature service ${model.features} does`, {
        findings: faults.map(({ position, expected, got }) => ({ where: model.file, field: `features[${position}]`, expected, got, name: model.name })),
      });
    }
  }
}
