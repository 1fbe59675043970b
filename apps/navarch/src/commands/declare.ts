import type { Command } from 'commander';

/** Adds one command to the program; `exit` is called with a code other than 0 when the command fails without an error. */
export type Declare = (program: Command, exit: (code: number) => void) => void;
