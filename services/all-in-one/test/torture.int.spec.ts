/** @jest-environment ./libs/testkit/jest-environment.cjs */
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeOn, ownServers } from '@weir/adapters/testing-servers';

const root = join(__dirname, '../../..');
/** What a quick run holds: all services killed, one stopped, the broker killed, Redis emptied, a way cut. */
const faultsOfQuickRun = 5;

describe('Five services under torture', () => {
  beforeAll(() => { execFileSync(process.execPath, [join(root, 'tools/prepare.cjs'), 'run'], { stdio: ['ignore', 'ignore', 'inherit'] }); });

  describeOn(ownServers('kafka'), () => {
    describeOn(ownServers('redis'), () => {
      it('lose nothing, decide nothing twice and nothing otherwise than without faults', async () => {
        const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'dist/services/all-in-one/src/main.js'), 'torture', '--quick', '--rate', '50', '--seed', '7'], { maxBuffer: 1 << 24 });
        const lines = stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
        const result = lines.at(-1) ?? {};
        expect(result).toMatchObject({ torture: 'result', faults: faultsOfQuickRun, lost: 0, doubled: 0, different: 0, replayed_different: 0, told_otherwise: 0, quarantined: 0, api_missing: 0, api_doubled: 0, api_different: 0 });
        expect(result['decided']).toBe(result['transactions']);
        expect(result['replayed']).toBe(result['transactions']);
        expect(lines.filter((line) => line['torture'] === 'fault')).toHaveLength(faultsOfQuickRun);
      }, 900_000);
    });
  });
});
