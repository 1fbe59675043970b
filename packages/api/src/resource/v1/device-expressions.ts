import {
  celBool,
  celDyn,
  celObject,
  type CelSized,
  CelSyntaxError,
  compileCel,
  formatCelType,
  type Field,
  parseCelType,
} from '@navarch/machinery';
import { bytesOf } from '../../checks/values.ts';

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
    const made = compileCel(expression, { variables: { device }, hasBindings: true });
    if (made.type !== celBool && made.type !== celDyn)
      at.invalid(expression, `must evaluate to bool or the unknown type, not ${formatCelType(made.type)}`);
    else if (made.costMax(root) > COST_MAX) at.forbidden('too complex, exceeds cost limit');
  } catch (error) {
    if (!(error instanceof CelSyntaxError)) throw error;
    at.invalid(expression, `compilation failed: ${error.message}`);
  }
}
