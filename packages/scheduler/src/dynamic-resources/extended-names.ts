import { isExtendedResource } from '@navarch/api';
import { perTemplate } from '../snapshot/template.ts';
import type { DeviceClass as Class } from './devices.ts';

/** Every class can be asked for by this and its own name, whatever else it is called (KEP-5004). */
const IMPLICIT = 'deviceclass.resource.kubernetes.io/';

/** Whether devices may stand behind a resource of that name. */
export const mayBeDevices = (name: string): boolean => name.startsWith(IMPLICIT) || isExtendedResource(name);

/** The resources of a pod that may be devices: of nearly every pod none. */
export const extendedNamesOf = perTemplate(({ requests }) =>
  [...requests].filter(([name, amount]) => amount > 0 && mayBeDevices(name)).map(([name]) => name),
);

/** Classes by the resources that they are called in the requests of containers. */
export function classesByResource(classes: readonly Class[]): ReadonlyMap<string, string> {
  const explicit = new Map<string, Class>();
  for (const each of classes) {
    const name = each.spec.extendedResourceName;
    if (name === undefined) continue;
    const known = explicit.get(name);
    if (!known || precedes(each, known)) explicit.set(name, each);
  }
  return new Map([
    ...classes.map(({ metadata }) => [`${IMPLICIT}${metadata.name}`, metadata.name] as const),
    ...[...explicit].map(([name, { metadata }]) => [name, metadata.name] as const),
  ]);
}

/** Of two classes with one name the newer counts; of those made at once the first by name. */
function precedes({ metadata: a }: Class, { metadata: b }: Class): boolean {
  const [madeA, madeB] = [a, b].map(({ creationTimestamp }) => Date.parse(creationTimestamp ?? '') || 0);
  return madeA === madeB ? a.name < b.name : (madeA ?? 0) > (madeB ?? 0);
}
