import assert from 'node:assert/strict';
import type { Kubectl } from './command.ts';

/** One thing that people do with kubectl, in a namespace of its own. */
export interface Step {
  readonly name: string;
  run(kubectl: Kubectl): Promise<void>;
}

export const step = (name: string, run: (kubectl: Kubectl) => Promise<void>): Step => ({ name, run });
export const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
export const includes = (text: string, ...words: readonly string[]): void => {
  for (const word of words) assert.ok(text.includes(word), `${JSON.stringify(word)} is not in:\n${text}`);
};
