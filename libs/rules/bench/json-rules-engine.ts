import { Engine, type NestedCondition, type TopLevelCondition } from 'json-rules-engine';

const comparisons: ReadonlyArray<readonly [pattern: RegExp, condition: (fact: string, value: string) => NestedCondition]> = [
  [/^tx\.(\w+) > ([\d.]+)$/, (fact, value) => ({ fact, operator: 'greaterThan', value: Number(value) })],
  [/^features\.(\w+) > ([\d.]+)$/, (fact, value) => ({ fact, operator: 'greaterThan', value: Number(value) })],
  [/^tx\.(\w+) < ([\d.]+)$/, (fact, value) => ({ fact, operator: 'lessThan', value: Number(value) })],
  [/^tx\.(\w+) == (\d+)$/, (fact, value) => ({ fact, operator: 'equal', value: Number(value) })],
  [/^tx\.(\w+) == "(\w+)"$/, (fact, value) => ({ fact, operator: 'equal', value })],
  [/^tx\.(\w+) in (\[.*\])$/, (fact, value) => ({ fact, operator: 'in', value: JSON.parse(value) as unknown })],
  [/^!tx\.(\w+)()$/, (fact) => ({ fact, operator: 'equal', value: false })],
];

function conditionOf(text: string): NestedCondition {
  if (text.startsWith('(')) return { any: text.slice(1, -1).split(' || ').map(conditionOf) };
  for (const [pattern, condition] of comparisons) {
    const [, fact, value] = pattern.exec(text) ?? [];
    if (fact !== undefined && value !== undefined) return condition(fact, value);
  }
  throw new RangeError(`no json-rules-engine form of ${text}`);
}

/** The same rules in json-rules-engine: a conjunction of comparisons each. @throws RangeError for a condition of another form. */
export function engineOf(conditions: ReadonlyArray<readonly [name: string, when: string]>): Engine {
  const engine = new Engine([], { allowUndefinedFacts: true });
  for (const [name, when] of conditions) engine.addRule({ conditions: { all: when.split(' && ').map(conditionOf) } satisfies TopLevelCondition, event: { type: name } });
  return engine;
}

/** Names of the rules that fire. */
export async function firedBy(engine: Engine, facts: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  return (await engine.run({ ...facts })).events.map(({ type }) => type);
}
