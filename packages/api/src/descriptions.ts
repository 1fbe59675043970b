import { access } from './descriptions/access.ts';
import { admission } from './descriptions/admission.ts';
import { apps } from './descriptions/apps.ts';
import { autoscaling } from './descriptions/autoscaling.ts';
import { batch } from './descriptions/batch.ts';
import { cluster } from './descriptions/cluster.ts';
import { containers } from './descriptions/containers.ts';
import { devices } from './descriptions/devices.ts';
import { meta } from './descriptions/meta.ts';
import { networking } from './descriptions/networking.ts';
import { nodes } from './descriptions/nodes.ts';
import { pods } from './descriptions/pods.ts';
import { services } from './descriptions/services.ts';
import { settings } from './descriptions/settings.ts';
import { storage } from './descriptions/storage.ts';
import { volumes } from './descriptions/volumes.ts';
import { workloads } from './descriptions/workloads.ts';
import type { ObjectSchema } from '@navarch/machinery';
import { typeFacts } from './generated/facts/index.ts';

/**
 * What people are told of built-in types and their fields. A type begins its line, its fields follow it:
 *
 *     TYPE: what it is.
 *       FIELD: what it is.
 *
 * A name is that of the type in every group that has one, in every version, unless another has it with the group before
 * it: `storage.TokenRequest`. `=OTHER` shares the fields of a type before it, and its words where none follow.
 */
const TEXTS = [
  access,
  admission,
  apps,
  autoscaling,
  batch,
  cluster,
  containers,
  devices,
  meta,
  networking,
  nodes,
  pods,
  services,
  settings,
  storage,
  volumes,
  workloads,
];
const LINE = /^(?<indent> *)(?<name>\S+): (?<text>.+)$/;

const SAME = /^=(?<other>\S+) ?(?<own>.*)$/;

export interface Description {
  readonly text: string;
  readonly fields: ReadonlyMap<string, string>;
}

let all: ReadonlyMap<string, Description> | undefined;

/** What a type is; undefined: nothing is said of it. `type`: its name in OpenAPI, such as io.k8s.api.core.v1.Pod. */
export function describedType(type: string): string | undefined {
  const own = descriptionOf(type)?.text;
  const [, item] = own === undefined ? (/\.(\w+)List$/.exec(type) ?? []) : [];
  return item === undefined ? own : `A list of objects of the kind ${item}.`;
}

/** What a field of a type is, its own or one of a type that it includes; undefined: nothing is said of it. */
export function describedField(of: ObjectSchema, field: string): string | undefined {
  const { name = '' } = of;
  const own = ownField(name, field);
  if (own !== undefined) return own;
  if (name.endsWith('Condition')) return described().get('Condition')?.fields.get(field);
  const isObject = of.field('apiVersion') !== undefined && of.field('kind') !== undefined;
  return isObject && Object.hasOwn(OF_OBJECTS, field) ? OF_OBJECTS[field] : undefined;
}

function ownField(type: string, field: string): string | undefined {
  const own = descriptionOf(type)?.fields.get(field);
  if (own !== undefined) return own;
  for (const { type: included } of typeFacts[type]?.inline ?? []) {
    const text = ownField(included, field);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** What every object has, and every list. */
const OF_OBJECTS: Readonly<Record<string, string>> = {
  apiVersion:
    'APIVersion defines in which group and version this object is written, as GROUP/VERSION; the core group has the version alone.',
  kind: 'Kind is the name of what this object is, in CamelCase. It cannot be changed.',
  metadata: "Standard object's metadata.",
  spec: 'What is wanted of it.',
  status: 'How it is. Kept by the system, and not to be relied on to be up to date.',
  items: 'The objects.',
};

function descriptionOf(type: string): Description | undefined {
  const [name = '', , group = ''] = type.split('.').reverse();
  return described().get(`${group}.${name}`) ?? described().get(name);
}

/** By name. Read when they are first asked for: most processes never are. */
export function described(): ReadonlyMap<string, Description> {
  return (all ??= read(TEXTS));
}

function read(texts: readonly string[]): ReadonlyMap<string, Description> {
  const types = new Map<string, { readonly text: string; readonly fields: Map<string, string> }>();
  let fields = new Map<string, string>();
  for (const line of texts.join('\n').split('\n')) {
    const { indent = '', name = '', text = '' } = LINE.exec(line)?.groups ?? {};
    if (name === '') continue;
    if (indent !== '') fields.set(name, text);
    else {
      const { other, own = '' } = SAME.exec(text)?.groups ?? { other: '', own: text };
      const same = types.get(other ?? '');
      fields = same?.fields ?? new Map();
      types.set(name, { text: own || (same?.text ?? ''), fields });
    }
  }
  return types;
}
