/** Prometheus and its `promtool` of this machine, as Debian has them. */
const { aptInstall, which } = require('./process.cjs');

function tool(name) {
  if (which(name) === undefined) aptInstall('prometheus');
  return which(name);
}

module.exports = { tool };
