import { WeirError, type Finding } from '@weir/contracts';

/** A model that cannot be read or is not reproduced exactly: what was expected, what was found. */
export function invalidModel(field: string, expected: string, got: string): WeirError {
  const finding: Finding = { where: 'model', field, expected, got };
  return new WeirError('WEIR_MODEL_INVALID', `${field}: ${expected} expected, got ${got}`, { findings: [finding] });
}
