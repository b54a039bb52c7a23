import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorSetBase64 } from '../src/grpc/gen/descriptor-set';

const repository = join(__dirname, '..', '..', '..');
const built = ['libs/contracts/proto', 'services/gateway/proto'].map((folder) =>
  execFileSync(process.execPath, [join(repository, 'node_modules/@bufbuild/buf/bin/buf'), 'build', folder, '--as-file-descriptor-set', '--exclude-source-info', '-o', '-#format=binpb'], { cwd: repository }));

it('the embedded interface is that of the .proto files; WEIR_UPDATE_SNAPSHOTS=1 writes it anew', () => {
  const base64 = Buffer.concat(built).toString('base64');
  if (process.env['WEIR_UPDATE_SNAPSHOTS'] === '1') {
    writeFileSync(join(__dirname, '..', 'src', 'grpc', 'gen', 'descriptor-set.ts'),
      `/** The interface as the compiler wrote it: a FileDescriptorSet. Written by test/descriptor-set.spec.ts from the .proto files. */\nexport const descriptorSetBase64 = '${base64}';\n`);
  }
  expect(base64).toBe(descriptorSetBase64);
});
