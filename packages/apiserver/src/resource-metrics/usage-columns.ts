import type { nodeMetrics, podMetrics } from '@navarch/api';
import {
  addQuantities,
  type ApiObject,
  type Column,
  formatDuration,
  formatQuantity,
  type ObjectOf,
  parseDuration,
  parseQuantity,
  type Quantity,
} from '@navarch/machinery';

type Measured = ObjectOf<typeof nodeMetrics> | ObjectOf<typeof podMetrics>;

const NAME: Column<ApiObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the resource',
  priority: 0,
  value: ({ metadata }) => metadata.name,
};
const WINDOW: Column<ApiObject> = {
  name: 'Window',
  type: 'string',
  format: 'duration',
  priority: 0,
  value: (object) => windowOf(object as unknown as Measured),
};

/** As metrics-server has them: a column for each resource that the first of the objects uses. */
export function usageColumns(objects: readonly ApiObject[]): readonly Column<ApiObject>[] {
  const [first] = objects;
  if (!first) return [];
  const names = [...usageOf(first as unknown as Measured).keys()].sort();
  const columns = names.map((name): Column<ApiObject> => ({
    name,
    type: 'string',
    format: 'quantity',
    priority: 0,
    value: (object) => shown(usageOf(object as unknown as Measured).get(name)),
  }));
  return [NAME, ...columns, WINDOW];
}

/** Of a pod that of all its containers. */
function usageOf(measured: Measured): ReadonlyMap<string, Quantity> {
  const parts = 'containers' in measured ? measured.containers : [measured as ObjectOf<typeof nodeMetrics>];
  const sums = new Map<string, Quantity>();
  for (const { usage } of parts) {
    for (const [name, text] of Object.entries(usage)) {
      const quantity = parseQuantity(String(text));
      const sum = sums.get(name);
      if (quantity) sums.set(name, sum ? addQuantities(sum, quantity) : quantity);
    }
  }
  return sums;
}

const shown = (quantity: Quantity | undefined): string => (quantity ? formatQuantity(quantity) : '0');

const windowOf = ({ window }: Measured): string => formatDuration(parseDuration(String(window)) ?? 0);
