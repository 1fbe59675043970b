import type { Attribute, Claim } from './devices.ts';
import { ofDevice } from './devices.ts';
import type { PooledDevice } from './pool.ts';

type Constraint = NonNullable<Claim['spec']['devices']['constraints']>[number];

/** What must be so of the devices of a claim, taken together: one that breaks it cannot be mended by more devices. */
export interface Rule {
  /** Whether the device may join. If so it has; `leave` undoes that, in the reverse order. */
  join(request: string, parent: string, device: PooledDevice): boolean;
  leave(request: string, parent: string): void;
}

/** Undefined where nobody knows what it asks. */
export function ruleOf({ matchAttribute, distinctAttribute, requests = [] }: Constraint): Rule | undefined {
  const isMeant = (request: string, parent: string): boolean =>
    requests.length === 0 || requests.includes(request) || requests.includes(parent);
  const attribute = matchAttribute ?? distinctAttribute;
  if (attribute === undefined) return undefined;
  const values: string[] = [];
  const agrees =
    matchAttribute === undefined
      ? (value: string) => !values.includes(value)
      : (value: string) => values.length === 0 || values[0] === value;
  return {
    join(request, parent, { spec, driver }) {
      if (!isMeant(request, parent)) return true;
      const value = valueText(ofDevice(spec.attributes, attribute, driver));
      if (value === undefined || !agrees(value)) return false;
      values.push(value);
      return true;
    },
    leave(request, parent) {
      if (isMeant(request, parent)) values.pop();
    },
  };
}

/** Values of different types are different. */
function valueText(attribute: Attribute | undefined): string | undefined {
  for (const type of ['string', 'int', 'bool', 'version'] as const)
    if (attribute?.[type] !== undefined) return `${type} ${attribute[type]}`;
  return undefined;
}
