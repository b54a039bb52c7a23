import { reasonOf } from './mismatch-reason';

const differing = (oldStatus: string, newStatus = 'PRESENT') => [{ feature: 'n', old: 1, old_status: oldStatus, new: 2, new_status: newStatus }];
const none = { late: false, tie: false, versionChanged: false };

describe('why a served value is not the one computed again', () => {
  it.each([
    ['version', 'PRESENT', { ...none, versionChanged: true, late: true }], ['warming', 'WARMING', { ...none, late: true }], ['ttl', 'OUTSIDE_MAX_AGE', none], ['coarsened', 'APPROXIMATE', { ...none, tie: true }],
    ['late', 'PRESENT', { ...none, late: true, tie: true }], ['tie', 'PRESENT', { ...none, tie: true }], ['bug', 'PRESENT', none],
  ] as const)('is %s', (reason, status, facts) => { expect(reasonOf(differing(status), facts)).toBe(reason); });
});
