import type { podDisruptionBudget } from '@navarch/api';
import type { ObjectOf } from '@navarch/machinery';

export type Budget = ObjectOf<typeof podDisruptionBudget>;
