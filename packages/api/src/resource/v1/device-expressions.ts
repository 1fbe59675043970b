import {
  type Cel,
  celBool,
  CelBottomlessMap,
  celDyn,
  CelError,
  celObject,
  celQuantity,
  celSemver,
  type CelSized,
  CelSyntaxError,
  compileCel,
  formatCelType,
  type Field,
  parseCelType,
} from '@navarch/machinery';
import { bytesOf } from '../../checks/values.ts';
import type { Device, DeviceAttribute } from '../../generated/types/resource-v1.ts';

const EXPRESSION_BYTES_MAX = 10 * 1024;
const COST_MAX = 1_000_000;
const [ENTRIES_MAX, DOMAIN_MAX, ID_MAX, VALUE_MAX] = [32, 63, 32, 64];

const fields = {
  driver: parseCelType('string'),
  allowMultipleAllocations: celBool,
  attributes: parseCelType('map(string, map(string, dyn))'),
  capacity: parseCelType('map(string, map(string, kubernetes.Quantity))'),
};
const device = celObject('kubernetes.DRADevice', (name) =>
  Object.hasOwn(fields, name) ? fields[name as keyof typeof fields] : undefined,
);

/** Both maps have as many entries at most: by domain, and in each by name. A name is a field too. */
function mapOfMaps(value: CelSized): CelSized {
  const inner: CelSized = { sizeMax: ENTRIES_MAX, key: { sizeMax: ID_MAX }, item: value, field: () => value };
  return { sizeMax: ENTRIES_MAX, key: { sizeMax: DOMAIN_MAX }, item: inner };
}
const sizes: Readonly<Record<string, CelSized>> = {
  driver: { sizeMax: DOMAIN_MAX },
  allowMultipleAllocations: { sizeMax: 0 },
  attributes: mapOfMaps({ sizeMax: VALUE_MAX }),
  capacity: mapOfMaps({ sizeMax: 0 }),
};
const root: CelSized = { sizeMax: 0, field: (name) => (Object.hasOwn(sizes, name) ? sizes[name] : undefined) };

/** An expression that says whether a device will do: `device.attributes["dra.example.com"].model == "x"`. */
export function validateDeviceExpression(expression: string, at: Field): void {
  if (bytesOf(expression) > EXPRESSION_BYTES_MAX) return at.tooLong(EXPRESSION_BYTES_MAX);
  try {
    const made = compileDeviceExpression(expression);
    if (made.type !== celBool && made.type !== celDyn)
      at.invalid(expression, `must evaluate to bool or the unknown type, not ${formatCelType(made.type)}`);
    else if (made.costMax(root) > COST_MAX) at.forbidden('too complex, exceeds cost limit');
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    at.invalid(expression, `compilation failed: ${error.message}`);
  }
}

/** Throws CelSyntaxError. */
export const compileDeviceExpression = (expression: string): Cel =>
  compileCel(expression, { variables: { device }, hasBindings: true });

/** Whether a device will do. Throws CelError where the expression cannot tell, and where it tells no bool. */
export function meetsDeviceExpression(compiled: Cel, value: object): boolean {
  const verdict = compiled.evaluate({ device: value });
  if (typeof verdict === 'boolean') return verdict;
  throw new CelError('CEL expression did not return boolean');
}

/** A device as expressions see it; the same value for any number of them. Throws CelError for a version that is none. */
export function deviceValue(
  driver: string,
  { attributes = {}, capacity = {}, allowMultipleAllocations = false }: Device,
): object {
  return {
    driver,
    allowMultipleAllocations,
    attributes: byDomain(driver, Object.entries(attributes), attributeValue),
    capacity: byDomain(driver, Object.entries(capacity), ({ value }) => celQuantity(value)),
  };
}

/** Names without a domain are the driver's. Of a domain that is not there nothing is there, which is no error. */
function byDomain<T>(
  driver: string,
  entries: readonly (readonly [string, T])[],
  valueOf: (item: T) => unknown,
): CelBottomlessMap {
  const domains = new Map<string, Map<string, unknown>>();
  for (const [name, item] of entries) {
    const at = name.indexOf('/');
    const domain = at < 0 ? driver : name.slice(0, at);
    const held = domains.get(domain) ?? new Map<string, unknown>();
    domains.set(domain, held.set(name.slice(at + 1), valueOf(item)));
  }
  return new CelBottomlessMap(domains, new Map());
}

function attributeValue({ int, bool, string, version, ...lists }: DeviceAttribute): unknown {
  if (int !== undefined) return BigInt(int);
  if (bool !== undefined) return bool;
  if (string !== undefined) return string;
  if (version !== undefined) return celSemver(version);
  if (lists.versions) return lists.versions.map((one) => celSemver(one));
  return lists.ints?.map(BigInt) ?? lists.bools ?? lists.strings ?? null;
}
