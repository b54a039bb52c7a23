import type { Command } from 'commander';
import { registerValidate } from './definitions-local';
import { registerOffline } from './offline';
import { registerSimulate } from './simulate';

/** Each command registers itself; one file a command or a family of them. */
export const commands: ReadonlyArray<(program: Command) => void> = [registerValidate, registerSimulate, registerOffline];
