import type { Known, Step } from './scenario.ts';

/** Alike but for what the pattern matches. */
const but =
  (pattern: RegExp) =>
  (ours: Step, theirs: Step): boolean =>
    ours.answered.replace(pattern, '') === theirs.answered.replace(pattern, '');

const asked =
  (pattern: RegExp) =>
  (ours: Step): boolean =>
    pattern.test(ours.asked);

export const known: readonly Known[] = [
  {
    why: 'columns of tables and metadata are described in our own words',
    is: but(
      /"description": ?"(?:Name|CreationTimestamp) [^"]*"|description: (?:['"]|\|-\n +)?(?:Name|CreationTimestamp) [\s\S]*?(?=\n +(?:format|name):)/g,
    ),
  },
  {
    why: 'the hash of the version that definitions are stored in: a server of definitions alone has none',
    is: but(/,? *\n? *"?storageVersionHash"?: ?"?M5uH\+AlWATY=?"?/g),
  },
  {
    why: 'a server of definitions alone has no way for a custom resource in protobuf: it breaks off',
    is: (_, theirs) => theirs.answered.startsWith('0'),
  },
  {
    why: 'a page whose state upstream still has in its cache, though etcd has forgotten it, and we have not',
    is: (ours) => ours.answered.includes('too old to display a consistent'),
  },
  {
    why: 'history that upstream began later than we did, or has forgotten before us',
    is: (_, theirs) => /too old resource version: 1 /.test(theirs.answered),
  },
  {
    why: 'what is no YAML: the two parsers find different mistakes in it',
    is: (ours, theirs) =>
      [ours, theirs].every(({ answered }) => /"message":"[^"]*(?:yaml: |error converting YAML)/.test(answered)) ||
      asked(/application\/yaml \t$/)(ours),
  },
];
