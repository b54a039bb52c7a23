export { SeededRandom } from './seeded-random';
export { VirtualClock } from './virtual-clock';
export { forSeeds, forSeedsAsync, seedFromEnvironment } from './for-seeds';
