import type { Column } from '@navarch/machinery';

/** One column as the fact tables have it. */
export type ColumnFacts = readonly [
  name: string,
  type: Column<never>['type'],
  format: string,
  priority: number,
  source: string,
];
