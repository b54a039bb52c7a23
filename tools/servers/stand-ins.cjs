/**
 * Images for a machine that can pull none: made of Debian's packages, npm's and Maven's, under the names that tests and docker-compose.yml use, with the
 * options of the official images that those use (see `stand-ins/`). They are for trials and tests on that machine and nothing else; label `weir.stand-in`.
 */
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { ServersError, aptInstall, run, say, which } = require('./process.cjs');
const { docker, mirror } = require('./engine.cjs');
const images = require('./images.cjs');

const release = 'trixie';
const base = `weir-stand-in/debian:${release}`;
const recipes = path.join(__dirname, 'stand-ins');

/** What a recipe needs beside its folder. */
const materials = {
  kafka(folder, context) { fs.cpSync(require('./kafka.cjs').jars(folder).target, path.join(context, 'jars'), { recursive: true }); },
  node(folder, context) {
    fs.copyFileSync(require('../prepare.cjs').ensureNode(), path.join(context, 'node'));
    run('npm', ['pack', '--silent', 'npm@11'], { cwd: context });
    const [archive] = fs.readdirSync(context).filter((name) => name.endsWith('.tgz'));
    run('tar', ['xzf', archive], { cwd: context });
    fs.rmSync(path.join(context, archive));
    // Authorities that this machine trusts beyond the usual ones, e.g. of a proxy, so that `npm` in the image reaches the registry too.
    const extra = process.env.NODE_EXTRA_CA_CERTS;
    fs.writeFileSync(path.join(context, 'authorities.pem'), extra === undefined || !fs.existsSync(extra) ? '' : fs.readFileSync(extra));
  },
};

/** Builds the image where it is not there. */
function ensure(name, folder, env) {
  const tag = images[name];
  if (tag === undefined || !fs.existsSync(path.join(recipes, name))) throw new ServersError(`there is no stand-in for ${name}`);
  if (docker(['image', 'inspect', tag], env) !== undefined) return tag;
  ensureBase(folder, env);
  say(`building a stand-in for ${tag} …`);
  const context = path.join(folder, 'docker', 'contexts', name);
  fs.rmSync(context, { recursive: true, force: true });
  fs.cpSync(path.join(recipes, name), context, { recursive: true });
  materials[name]?.(folder, context);
  build(['build', '--quiet', '--network', 'host', '--build-arg', `BASE=${base}`, '--label', 'weir.stand-in=true', '--tag', tag, context], env);
  fs.rmSync(context, { recursive: true, force: true });
  return tag;
}

/** A minimal Debian, unpacked by debootstrap from where this machine's own packages come from. */
function ensureBase(folder, env) {
  if (docker(['image', 'inspect', base], env) !== undefined) return;
  if (which('debootstrap', ['/usr/sbin']) === undefined) aptInstall('debootstrap');
  say('building the base of the stand-ins …');
  const root = path.join(folder, 'docker', 'rootfs');
  fs.rmSync(root, { recursive: true, force: true });
  run('debootstrap', ['--variant=minbase', release, root, mirror()]);
  for (const each of ['var/cache/apt/archives', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'usr/share/locale']) fs.rmSync(path.join(root, each), { recursive: true, force: true });
  fs.writeFileSync(path.join(root, 'etc/apt/apt.conf.d/slim'), 'APT::Install-Recommends "false";\n');
  fs.writeFileSync(path.join(root, 'etc/dpkg/dpkg.cfg.d/slim'), ['doc', 'man', 'locale'].map((each) => `path-exclude=/usr/share/${each}/*\n`).join(''));
  fs.writeFileSync(path.join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const command = `tar -C "$1" --one-file-system -c . | docker import -c 'CMD ["bash"]' -c 'ENV LANG=C.UTF-8' -c 'LABEL weir.stand-in=true' - "$2"`;
  run('sh', ['-c', command, 'sh', root, base], { env: { ...process.env, ...env } });
  fs.rmSync(root, { recursive: true, force: true });
}

/** With the builder that every engine has: the images it begins with are not to be pulled. */
function build(args, env) {
  const result = spawnSync('docker', args, { encoding: 'utf8', env: { ...process.env, ...env, DOCKER_BUILDKIT: '0' }, maxBuffer: 1 << 26 });
  if (result.status !== 0) throw new ServersError(`docker ${args[0]} failed: ${`${result.stdout}${result.stderr}`.trim().split('\n').slice(-12).join('\n')}`);
}

const names = () => fs.readdirSync(recipes).sort();

module.exports = { ensure, names };
