import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@weir/platform';
import { definitionSet } from '../../test/suite-fixture';
import { OpenLineageEmitter, openLineageEvents, readOpenLineageOptions } from './open-lineage';

const logger = createLogger({ service: 'weir', level: 'silent' });
const clock = { nowMs: () => Date.UTC(2026, 0, 1) };

describe('lineage for OpenLineage', () => {
  const events = openLineageEvents(definitionSet(), { namespace: 'weir', atMs: clock.nowMs() });
  const of = (name: string) => events.find(({ job }) => job.name === name);

  it('has a job per view, pattern, rule and policy, with what each reads', () => {
    expect(events.map(({ job }) => job.name).sort()).toEqual(['pattern:small_then_large', 'policy:default', 'rule:large_amount', 'rule:many', 'view:card_fraud', 'view:card_velocity', 'view:merchant_activity']);
    expect(of('rule:many')?.inputs.map(({ name }) => name)).toEqual(['source:transactions', 'view:card_velocity']);
    expect(of('view:card_velocity')?.inputs.map(({ name }) => name)).toEqual(['source:transactions']);
  });

  it('says which fields a feature is made of', () => {
    const columns = of('view:card_velocity')?.outputs[0]?.facets?.['columnLineage'] as { fields: Record<string, { inputFields: { name: string; field: string }[] }> };
    expect(columns.fields['amount_sum_1h']?.inputFields.map(({ name, field }) => `${name}.${field}`)).toContain('source:transactions.amount');
  });

  it('is told nowhere unless asked for, to a file as lines, and an address that fails stops nobody', async () => {
    expect(new OpenLineageEmitter({ ...readOpenLineageOptions({}), logger, clock }).isOn).toBe(false);
    const folder = mkdtempSync(join(tmpdir(), 'weir-lineage-')), file = join(folder, 'lineage.jsonl');
    await new OpenLineageEmitter({ ...readOpenLineageOptions({ WEIR_OPENLINEAGE_FILE: file }), logger, clock }).tell(definitionSet());
    expect(readFileSync(file, 'utf8').trim().split('\n').length).toBe(events.length);
    await new OpenLineageEmitter({ ...readOpenLineageOptions({ WEIR_OPENLINEAGE_URL: 'http://127.0.0.1:9/none', WEIR_OPENLINEAGE_TIMEOUT_MS: '100' }), logger, clock }).tell(definitionSet());
    rmSync(folder, { recursive: true });
  });
});
