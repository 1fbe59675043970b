import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { Workload } from '../../generated/types/scheduling-v1beta1.ts';

/** Of what groups of pods a piece of work is made (KEP-4671). What its fields may hold is declared beside them. */
export const workload: Kind<Workload> = builtIn<Workload>('scheduling.k8s.io/v1beta1.Workload', {
  columns: columnsOf('scheduling.k8s.io/Workload', {}),
  behaviour: { desired: false },
});
