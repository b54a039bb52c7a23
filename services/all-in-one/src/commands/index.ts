import type { Command } from 'commander';
import { registerValidate } from './definitions-local';
import { registerOffline } from './offline';
import { registerSimulate } from './simulate';
import { registerUp } from './up';

/** Each command registers itself; one file a command or a family of them. */
export const commands: ReadonlyArray<(program: Command) => void> = [registerUp, registerValidate, registerSimulate, registerOffline];
