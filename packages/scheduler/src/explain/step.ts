import type { Node, Pod } from '@navarch/api';
import type { ApiObject, Kind } from '@navarch/machinery';
import type { Profile } from '../plugin.ts';
import type { NodeInfo } from '../snapshot/node-info.ts';
import { Judge } from './judge.ts';
import type { Effect, WhatIf } from './what-if.ts';

/** One thing that may be done so that a plugin no longer turns a pod away. It is a guess until it was tried. */
export interface Step {
  /** Steps of one sort are alike to a person, whatever node or pod they are about. */
  readonly sort: string;
  readonly summary: string;
  /** How much it changes, and for whom: 1 is a word put right. */
  readonly cost: number;
  /** What is so then. */
  readonly effects: readonly Effect[];
  /** What has to be done for it, where that is not the same: the rest comes about by itself. */
  readonly deeds?: readonly Effect[];
  /** As people type it; absent: a patch. */
  readonly command?: string;
  /** The API takes this change of a pod that waits: it need not be made anew. */
  readonly isInPlace?: boolean;
}

/** A pod and a node that it is kept from, by one plugin. */
export interface Case {
  readonly pod: Pod;
  readonly node: NodeInfo;
  readonly whatIf: WhatIf;
  /** Whether the plugin would still say no. */
  objects(effects: readonly Effect[]): boolean;
}

/** What may help against what one plugin says. */
export type Remedy = (about: Case) => readonly Step[];

export function caseOf(plugin: string, about: Omit<Case, 'objects'>, profile: Profile): Case {
  const only: Profile = { ...profile, plugins: profile.plugins.filter((each) => each.plugin.name === plugin) };
  const { pod, node, whatIf } = about;
  const objects = (effects: readonly Effect[]): boolean =>
    whatIf.with(effects, pod, (then) => {
      const judge = new Judge(then, whatIf.snapshot, only);
      return judge.gates().length > 0 || judge.refusals().length > 0 || judge.misfits(node).length > 0;
    });
  return { ...about, objects };
}

export const editPod = (
  spec: (spec: Pod['spec']) => Pod['spec'],
  status?: (status: Pod['status']) => Pod['status'],
): Effect => ({
  type: 'pod',
  spec,
  ...(status ? { status } : {}),
});
export const putObject = <O extends ApiObject>(kind: Kind<any>, object: O): Effect => ({
  type: 'object',
  kind,
  object,
});
/** As `putObject`, where the API lets it be changed in place. */
export const editObject = <O extends ApiObject>(kind: Kind<any>, object: O): Effect => ({
  type: 'object',
  kind,
  object,
  isInPlace: true,
});
export const editNode = (name: string, node: (node: Node) => Node): Effect => ({ type: 'node', name, node });

/** A name or value as an argument of a shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
