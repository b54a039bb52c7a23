import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { WeirError } from '@weir/contracts';
import { commands } from './commands/index';
import { systemFault } from './system-fault';
import { exitCodes, Interrupted, say } from './terminal';

// What is decided lives as long as its batch. V8 sees that much of it outlives a collection of young objects and would make its like among the old ones at once, where it stays
// until all memory is looked through, and with it everything it holds: a fifth of the CPU time of a decision (docs/decisions/013-young-objects.md).
setFlagsFromString('--no-allocation-site-pretenuring');

/** The command line: parses, runs one command, and turns what went wrong into a clear message and an exit code. */
async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('weir').description('Real-time fraud decisions and features on the stream.').version('0.1.0')
    .exitOverride().configureOutput({ writeErr: (text) => process.stderr.write(text) }).showHelpAfterError('(weir --help lists the commands)');
  for (const register of commands) register(program);
  await program.parseAsync([...argv]);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongInput;
  if (error instanceof WeirError) {
    say(error.message);
    // A finding that stands in the message already is not said twice.
    for (const { where, field, expected, got } of error.findings) if (!error.message.includes(`expected ${expected}, got ${got}`)) say(`  ${where}: ${field}: expected ${expected}, got ${got}`);
    return exitCodes.wrongInput;
  }
  if (error instanceof Interrupted) {
    say(error.message);
    return error.exitCode;
  }
  say(systemFault(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return exitCodes.wrongInput;
}

/** Whoever read the output may have had enough (`| head`). */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.done);
});

/** A command that waits for what can no longer come would end well, and say nothing. */
const endedEarly = (): void => {
  say('weir: the command ended before its work was done');
  process.exitCode = exitCodes.wrongInput;
};
process.once('beforeExit', endedEarly);
main(process.argv).catch((error: unknown) => { process.exitCode = exitCodeOf(error); }).finally(() => process.off('beforeExit', endedEarly));
