import type { Known, Step } from './scenario.ts';

/** Alike but for what the pattern matches. */
const but =
  (pattern: RegExp) =>
  (ours: Step, theirs: Step): boolean =>
    ours.answered.replace(pattern, '') === theirs.answered.replace(pattern, '');

/** Where what was asked is such. */
export const asked =
  (pattern: RegExp) =>
  (ours: Step): boolean =>
    pattern.test(ours.asked);

/** Where upstream answers such. */
export const told =
  (pattern: RegExp) =>
  (_: Step, theirs: Step): boolean =>
    pattern.test(theirs.answered);

/** All that is said of finalizers that come. */
const FINALIZER_WARNING = /\nwarning: 299 - "metadata\.finalizers: [^\n]*/g;

/** What an answer is made of, in any order. */
const pieces = (text: string): string =>
  text
    .split(/[,{}[\]]|\\n|: /)
    .filter(Boolean)
    .toSorted()
    .join('\n');

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
    is: told(/^0/),
  },
  {
    why: 'a page whose state upstream still has in its cache, though etcd has forgotten it, and we have not',
    is: (ours) => ours.answered.includes('too old to display a consistent'),
  },
  {
    why: 'history that upstream began later than we did, or has forgotten before us',
    is: told(/too old resource version: 1 /),
  },
  {
    why: 'definitions of v1beta1 are read still where they are sent, though they are served no more',
    is: asked(/application\/merge-patch\+json \{"apiVersion":"apiextensions.k8s.io\/v1beta1"\}$/),
  },
  {
    why: 'a number that no float holds is refused before it is known for which field it is',
    is: asked(/fieldValidation=Ignore content-type: application\/merge-patch\+json .*1e400/),
  },
  {
    why: 'a list of versions that is empty is shown as if there were none',
    is: (ours, theirs) =>
      ours.answered.replaceAll('spec.versions: Invalid value: null', 'spec.versions: Invalid value: []') ===
      theirs.answered.replaceAll('"Invalid value: []: must have exactly', '"Invalid value: null: must have exactly'),
  },
  {
    why: 'finalizers that upstream, looking at an older state first, took for new ones',
    is: (ours, theirs) => !ours.answered.includes('metadata.finalizers') && but(FINALIZER_WARNING)(ours, theirs),
  },
  {
    why: 'lists and objects in one another, deeper than we read',
    is: (ours, theirs) => ours.answered.includes('exceeded max depth') && !theirs.answered.includes('exceeded max'),
  },
  {
    why: 'a number of replicas that is written with a fraction or an exponent: we see only that it is a whole number',
    is: asked(/"size":(?:1\.0|1e3)\}/),
  },
  {
    why: 'what is no YAML: the two parsers find different mistakes in it',
    is: (ours, theirs) =>
      [ours, theirs].every(({ answered }) => /"message":"[^"]*(?:yaml: |error converting YAML)/.test(answered)) ||
      asked(/application\/yaml \t$/)(ours),
  },
  {
    why: 'whatever serves a group, it is the aggregator who tells of it, and a server of definitions alone has none',
    is: asked(/^GET \/apis\/apiextensions\.k8s\.io accept: /),
  },
  {
    why: 'names are made up at random',
    is: but(/\bX[b-df-hj-np-tv-xz2-9]{5}\b/g),
  },
  {
    why: "upstream's store takes no object beyond 1.5 MiB, ours does",
    is: (ours, theirs) =>
      theirs.answered.includes('etcdserver: request is too large') && ours.answered.startsWith('201'),
  },
  {
    why: 'upstream cannot apply a scale of a custom resource that somebody wrote before: it looks for a version of a custom resource called autoscaling/v1',
    is: told(/failed to convert live object \(\/; autoscaling\/v1, Kind=Scale\)/),
  },
  {
    why: 'zero below zero is zero',
    is: (ours, theirs) => theirs.answered.replace(/(?<=[:[ ])-0(?=[,}\]:"])/g, '0') === ours.answered,
  },
  {
    why: 'a float without a fraction is an integer where no type tells them apart',
    is: asked(/[:[,]-?\d+(?:\.0+|(?:\.\d+)?[eE][+-]?\d{1,2})[,}\]]/),
  },
  {
    why: 'of a number that no float holds upstream tells the field',
    is: (ours, theirs) =>
      theirs.answered.replace(/Go struct field \S+ of type \w+/, 'Go value of type float64') === ours.answered,
  },
  {
    why: 'upstream reads what its records of owners name with floats: it loses large integers',
    is: (ours, theirs) => {
      const keys = /(?<="v:|\\":|=)-?\d{16,}/g;
      return keys.test(ours.answered) && ours.answered.replace(keys, '') === theirs.answered.replace(keys, '');
    },
  },
  {
    why: 'upstream goes through maps in any order: what is told of several fields, or of several owners',
    is: (ours, theirs) => /^(?:409|422|500)/.test(ours.answered) && pieces(ours.answered) === pieces(theirs.answered),
  },
  {
    why: 'upstream tests numbers by how they are written',
    is: asked(/json-patch\+json \[\{"op":"test","path":"[^"]*","value":-?[\d.]+/),
  },
  {
    why: 'upstream calls its controllers by its executable',
    is: but(/manager"?: ?"?(?:server|kube-apiserver)"?/g),
  },
];
