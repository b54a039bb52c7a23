/**
 * Checks the manifests: each against the schema of its kind, as Kubernetes and KEDA publish them (types, values and required fields by the validators of `kubernetes-models`;
 * fields that do not exist by its TypeScript types), and what the schemas can't know: that names point at something, that probes and limits are there, that pods may write nothing.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
const packages = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules');
const faults = [];
const kustomization = parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'));
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml').sort();
if (JSON.stringify(files) !== JSON.stringify([...kustomization.resources].sort())) faults.push(`kustomization.yaml names ${kustomization.resources.join(', ')}; there are ${files.join(', ')}`);
const documents = files.flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => ({ file, value: document.toJS() })));

/** `apps/v1` + `StatefulSet` → the module of the model. */
const moduleOf = ({ apiVersion, kind }) => `${apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models'}/${apiVersion}/${kind}`;
const known = documents.filter(({ file, value }) => {
  const there = existsSync(join(packages, `${moduleOf(value)}.js`));
  if (!there) faults.push(`${file}: no schema of ${value.apiVersion} ${value.kind}`);
  return there;
});

for (const { file, value } of known) {
  const model = (await import(pathToFileURL(join(packages, `${moduleOf(value)}.js`))))[value.kind];
  try { new model(value).validate(); } catch (error) { faults.push(`${file}: ${value.kind} ${value.metadata.name}: ${error.message}`); }
}

const source = known.map(({ value }, index) => `import type { I${value.kind} as T${index} } from '${moduleOf(value)}';\nexport const v${index}: T${index} = ${JSON.stringify(value)};`).join('\n');
const virtual = join(packages, '..', 'manifests.check.ts'), options = { noEmit: true, strict: true, skipLibCheck: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, types: [] };
const host = ts.createCompilerHost(options), { getSourceFile, fileExists, readFile } = host;
host.getSourceFile = (name, ...rest) => (name === virtual ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest));
host.fileExists = (name) => name === virtual || fileExists.call(host, name);
host.readFile = (name) => (name === virtual ? source : readFile.call(host, name));
const program = ts.createProgram([virtual], options, host);
for (const diagnostic of [...program.getSemanticDiagnostics(program.getSourceFile(virtual)), ...program.getSyntacticDiagnostics()]) {
  const line = source.slice(0, diagnostic.start).split('\n').length - 1, { file, value } = known[Math.floor(line / 2)] ?? { file: 'manifests', value: { metadata: {} } };
  faults.push(`${file}: ${value.kind ?? ''} ${value.metadata.name ?? ''}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`);
}

const all = documents.map(({ value }) => value), ofKind = (...kinds) => all.filter(({ kind }) => kinds.includes(kind)), named = (kind, name) => ofKind(kind).some(({ metadata }) => metadata.name === name);
const expect = (holds, text) => { if (!holds) faults.push(text); };
const workloads = ofKind('StatefulSet', 'Deployment');
const matches = (labels, { matchLabels = {}, matchExpressions = [] }) => Object.entries(matchLabels).every(([name, value]) => labels[name] === value) && matchExpressions.every(({ key, operator, values }) => operator === 'In' && values.includes(labels[key]));
for (const { kind, metadata: { name }, spec } of workloads) {
  const { template } = spec, at = `${kind} ${name}`;
  expect(matches(template.metadata.labels, spec.selector), `${at}: its selector is not of its pods`);
  expect(kind !== 'StatefulSet' || named('Service', spec.serviceName), `${at}: there is no Service ${spec.serviceName}`);
  expect(template.spec.securityContext?.runAsNonRoot === true && template.spec.automountServiceAccountToken === false, `${at}: must not be root and needs no token`);
  expect(ofKind('PodDisruptionBudget').some((each) => matches(template.metadata.labels, each.spec.selector)), `${at}: no disruption budget`);
  expect(ofKind('NetworkPolicy').some((each) => matches(template.metadata.labels, each.spec.podSelector)), `${at}: no network policy`);
  expect(ofKind('HorizontalPodAutoscaler', 'ScaledObject').some((each) => each.spec.scaleTargetRef.name === name && (each.spec.scaleTargetRef.kind ?? 'Deployment') === kind), `${at}: no autoscaling`);
  const volumes = [...(template.spec.volumes ?? []), ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)].map((volume) => volume.name);
  for (const volume of template.spec.volumes ?? []) if (volume.persistentVolumeClaim) expect(named('PersistentVolumeClaim', volume.persistentVolumeClaim.claimName), `${at}: there is no claim ${volume.persistentVolumeClaim.claimName}`);
  // A rolling upgrade: another pod is at work, one goes at a time, and it has the time to end: preStop, the gateway's drain (2 s), and 25 s for all else.
  const waitMs = Number(/setTimeout\([^,]*, (\d+)\)/.exec(JSON.stringify(template.spec.containers[0].lifecycle ?? ''))?.[1] ?? 0);
  expect(spec.replicas >= 2 && (spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate' && (spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1) === 1, `${at}: an upgrade would leave nobody at work`);
  expect(template.spec.terminationGracePeriodSeconds * 1_000 >= waitMs + 2_000 + 25_000 + 5_000, `${at}: is killed before it could end`);
  expect(name !== 'gateway' || waitMs >= 5_000, `${at}: goes before the cluster has forgotten it`);
  for (const container of template.spec.containers) {
    expect(container.readinessProbe && container.livenessProbe && container.startupProbe, `${at}: three probes are expected`);
    expect(container.securityContext?.readOnlyRootFilesystem === true && container.securityContext.allowPrivilegeEscalation === false, `${at}: may write or gain rights`);
    expect(container.resources?.requests?.memory && container.resources.limits?.memory, `${at}: memory is not bounded`);
    for (const { configMapRef } of container.envFrom ?? []) if (configMapRef) expect(named('ConfigMap', configMapRef.name), `${at}: there is no ConfigMap ${configMapRef.name}`);
    for (const mount of container.volumeMounts ?? []) expect(volumes.includes(mount.name), `${at}: there is no volume ${mount.name}`);
    expect(kustomization.images.some((image) => image.name === container.image), `${at}: kustomization.yaml says nothing of the image ${container.image}`);
  }
}
for (const { kind, metadata: { name }, spec } of ofKind('Service', 'PodDisruptionBudget', 'NetworkPolicy')) {
  const selector = kind === 'Service' ? { matchLabels: spec.selector } : (spec.selector ?? spec.podSelector);
  expect(workloads.some(({ spec: { template } }) => matches(template.metadata.labels, selector)), `${kind} ${name}: selects no pod`);
}

for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`${documents.length} manifests, ${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
