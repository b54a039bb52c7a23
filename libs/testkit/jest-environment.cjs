/** Node's environment with the process's own typed arrays: native modules make and check those, and Jest's copies are other classes. */
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Float32Array, Float64Array, BigInt64Array, Int32Array });
  }
};
