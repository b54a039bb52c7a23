/** Runs a TypeScript file of this repository in a process of its own: `node typescript-child.cjs FILE ARGS…`. */
const { readFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const root = resolve(__dirname, '../../../../..');
const { jsc, module: target } = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));
require.extensions['.ts'] = (loaded, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, jsc: { ...jsc, baseUrl: root }, module: target, swcrc: false });
  loaded._compile(code, filename);
};
require(resolve(process.argv[2]));
