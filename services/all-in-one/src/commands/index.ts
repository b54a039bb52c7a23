import type { Command } from 'commander';
import { registerBackup } from './backup';
import { registerDecisionsExport } from './decisions-export';
import { registerDefinitions } from './definitions-remote';
import { registerExplain } from './explain';
import { registerKeys } from './keys';
import { registerProposals } from './proposals';
import { registerQuarantine } from './quarantine';
import { registerReprocess } from './reprocess';
import { registerRerun } from './rerun';
import { registerService } from './service';
import { registerStatus } from './status';
import { registerBacktest } from './backtest';
import { registerBench } from './bench';
import { registerCdc } from './cdc';
import { registerDemo } from './demo';
import { registerValidate } from './definitions-local';
import { registerHistory } from './history';
import { registerIngest } from './ingest';
import { registerOffline } from './offline';
import { registerSimulate } from './simulate';
import { registerTorture } from './torture';
import { registerTrainSet } from './train-set';
import { registerUp } from './up';
import { registerVerify } from './verify';
import { registerWhyNot } from './why-not';

/** Each command registers itself; one file a command or a family of them. */
export const commands: ReadonlyArray<(program: Command) => void> = [registerUp, registerService, registerDemo, registerIngest, registerValidate, registerSimulate, registerOffline, registerTrainSet, registerBench, registerDefinitions, registerProposals, registerStatus, registerQuarantine, registerKeys, registerExplain, registerWhyNot, registerRerun, registerDecisionsExport, registerBacktest, registerVerify, registerReprocess, registerBackup, registerCdc, registerHistory, registerTorture];
