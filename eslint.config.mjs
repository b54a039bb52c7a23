import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom: the picture in ARCHITECTURE.md, as tags. */
const may = (sourceTag, ...onlyDependOnLibsWithTags) => ({ sourceTag, onlyDependOnLibsWithTags });
const noIo = ['@nestjs/*', 'fastify', 'pino', 'prom-client', 'ioredis', 'kafkajs', '@platformatic/*', 'pg', 'kysely', 'better-sqlite3', 'lmdb', '@duckdb/*', 'onnxruntime-node', 'undici', 'node:fs', 'node:net', 'node:http', 'node:child_process', 'node:worker_threads', 'fs', 'net', 'http', 'child_process', 'worker_threads'];
const core = (tag, ...others) => ({ ...may(tag, tag, ...others), bannedExternalImports: noIo });

export default tseslint.config(
  { ignores: ['**/node_modules', 'dist', '.nx', '.weir', 'services/gateway/console/**', '**/*.cjs', '**/*.mjs', '**/gen/**', 'examples/**/*.py'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin, '@nx': nx },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      '@nx/enforce-module-boundaries': ['error', {
        enforceBuildableLibDependency: false,
        allow: [],
        depConstraints: [
          core('lib:contracts'),
          core('lib:expressions', 'lib:contracts'),
          core('lib:definitions', 'lib:expressions', 'lib:contracts'),
          core('lib:windows', 'lib:contracts', 'lib:testkit'),
          core('lib:features', 'lib:windows', 'lib:definitions', 'lib:expressions', 'lib:contracts', 'lib:testkit'),
          core('lib:patterns', 'lib:definitions', 'lib:expressions', 'lib:contracts', 'lib:testkit'),
          core('lib:rules', 'lib:definitions', 'lib:expressions', 'lib:contracts', 'lib:testkit'),
          core('lib:models', 'lib:contracts', 'lib:testkit'),
          core('lib:simulator', 'lib:contracts', 'lib:testkit'),
          core('lib:ports', 'lib:contracts'),
          core('lib:pipeline', 'lib:ports', 'lib:definitions', 'lib:contracts', 'lib:testkit'),
          may('lib:adapters', 'lib:adapters', 'lib:ports', 'lib:contracts', 'lib:testkit'),
          may('lib:platform', 'lib:platform', 'lib:contracts'),
          core('lib:testkit', 'lib:ports', 'lib:contracts'),
          may('layer:service', 'layer:core', 'layer:platform', 'layer:adapter', 'layer:test'),
          may('layer:composition', '*'),
        ],
      }],
    },
  },
  {
    files: ['**/*.spec.ts', '**/test/**', '**/bench/**', '**/testing/**'],
    rules: { 'max-lines': 'off', '@typescript-eslint/no-floating-promises': 'error' },
  },
);
