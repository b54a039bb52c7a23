/** A suite alone in a process, to be killed by a test: `node suite-process.js FOLDER`. Says its address as one JSON line. */
import { SuiteFixture } from './suite-fixture';

async function main(folder: string): Promise<void> {
  const fixture = new SuiteFixture(folder);
  process.on('SIGTERM', () => { fixture.stop().then(() => process.exit(0), () => process.exit(1)); });
  await fixture.start();
  process.stdout.write(`${JSON.stringify({ url: fixture.suite.server.url })}\n`);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
