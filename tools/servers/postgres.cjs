/** A PostgreSQL of this machine with logical replication. The server refuses to run as root, so root runs it as the package's user `postgres`. */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { aptInstall, freePort, isRoot, run, which } = require('./process.cjs');

const packaged = '/usr/lib/postgresql';
const versionFolders = () => (fs.existsSync(packaged) ? fs.readdirSync(packaged).sort((a, b) => Number(b) - Number(a)).map((version) => path.join(packaged, version, 'bin')) : []);

function binaries() {
  const find = () => which('initdb', versionFolders());
  if (find() === undefined) {
    if (isRoot()) {
      fs.mkdirSync('/etc/postgresql-common', { recursive: true });
      fs.writeFileSync('/etc/postgresql-common/createcluster.conf', 'create_main_cluster = false\n');
    }
    aptInstall('postgresql');
  }
  return path.dirname(find());
}

const as = (command, args) => (isRoot() ? run('setpriv', ['--reuid=postgres', '--regid=postgres', '--init-groups', command, ...args]) : run(command, args));

async function start(folder) {
  const bin = binaries(), port = await freePort();
  // Root's own folders are closed to the user `postgres`.
  const data = isRoot() ? path.join(os.tmpdir(), `weir-servers-postgres-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`) : path.join(folder, 'run-postgres');
  if (fs.existsSync(path.join(data, 'postmaster.pid'))) try { as(path.join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']); } catch { /* it was gone already */ }
  fs.rmSync(data, { recursive: true, force: true });
  fs.mkdirSync(data, { recursive: true });
  if (isRoot()) run('chown', ['postgres', data]);
  const password = path.join(data, '..', `weir-pw-${process.pid}`);
  fs.writeFileSync(password, 'weir\n', { mode: 0o644 });
  try { as(path.join(bin, 'initdb'), ['-D', data, '-U', 'weir', '-A', 'scram-sha-256', `--pwfile=${password}`, '-E', 'UTF8', '--locale=C', '--no-sync']); } finally { fs.rmSync(password); }
  fs.appendFileSync(path.join(data, 'postgresql.conf'), [
    `port = ${port}`, "listen_addresses = '127.0.0.1'", `unix_socket_directories = '${data}'`, 'wal_level = logical', 'max_replication_slots = 16', 'max_wal_senders = 16',
    'fsync = off', 'synchronous_commit = off', 'full_page_writes = off', 'shared_buffers = 32MB', '',
  ].join('\n'));
  as(path.join(bin, 'pg_ctl'), ['-D', data, '-l', path.join(data, 'log'), '-w', '-t', '300', 'start']);
  const pid = Number(fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  return { pid, port, url: `postgres://weir:weir@127.0.0.1:${port}/postgres` };
}

module.exports = { start };
