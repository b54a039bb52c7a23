import { WeirError } from '@weir/contracts';

/** What an action is refused for: the code, and the fields its findings name. Undefined when it is not refused. */
export function refusalOf(action: () => unknown): { code: string; fields: string[] } | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof WeirError) return { code: error.code, fields: error.findings.map((finding) => finding.field) };
    throw error;
  }
  return undefined;
}
