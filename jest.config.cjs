/** One Jest for all projects. `*.int.spec.ts` needs containers, `*.sim.spec.ts` runs seeds; `tools/test.cjs` picks what runs. */
const { readFileSync } = require('node:fs');
const swc = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'));
module.exports = {
  rootDir: __dirname,
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/examples'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/console/'],
  moduleNameMapper: {
    '^@weir/adapters/(.*)$': '<rootDir>/libs/adapters/src/$1/index.ts',
    '^@weir/(ports|platform)/testing$': '<rootDir>/libs/$1/src/testing/index.ts',
    '^@weir/(ingest|cep|feature-store|scoring|gateway)$': '<rootDir>/services/$1/src/index.ts',
    '^@weir/([a-z]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // OTLP's exporter too: a native `import()` in a package ends Jest's process.
  transform: { '^.+\\.(t|j|mj)s$|otlp-exporter-base/.+\\.cjs$': ['@swc/jest', { ...swc, jsc: { ...swc.jsc, baseUrl: undefined, paths: undefined }, swcrc: false }] },
  transformIgnorePatterns: ['/node_modules/(?!(?:.*/node_modules/)?(?:@nestjs|cookie|set-cookie-parser|kysely|commander|@platformatic|@opentelemetry/otlp-exporter-base)/)'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testEnvironment: '<rootDir>/libs/testkit/jest-environment.cjs',
  maxWorkers: 2,
  // No test is about time: a slow machine is no failure.
  testTimeout: 600_000,
};
