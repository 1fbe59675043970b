import type { Command } from 'commander';
import { declareAgent } from './agent.ts';
import { declareBench } from './bench.ts';
import { declareConformance } from './conformance.ts';
import { declareDown } from './down.ts';
import { declareEnvtest } from './envtest.ts';
import { declareImage } from './image.ts';
import { declareKubectl } from './kubectl.ts';
import { declareLogs } from './logs.ts';
import { declareServer } from './server.ts';
import { declareStatus } from './status.ts';
import { declareTest } from './test.ts';
import { declareToken } from './token.ts';
import { declareUp } from './up.ts';

/** Adds one command to the program; `exit` is called with a code other than 0 when the command fails without an error. */
export type Declare = (program: Command, exit: (code: number) => void) => void;

/** Every command, in the order in which the help shows them. Adding one is adding a file and a name to this list. */
export const commands: readonly Declare[] = [
  declareUp, declareDown, declareStatus, declareLogs, declareServer, declareAgent, declareToken, declareImage, declareKubectl, declareTest, declareConformance, declareBench, declareEnvtest,
];
