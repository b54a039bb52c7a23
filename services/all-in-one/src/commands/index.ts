import type { Command } from 'commander';

/** Each command registers itself; one file a command or a family of them. */
export const commands: ReadonlyArray<(program: Command) => void> = [];
