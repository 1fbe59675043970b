import { exponential, type Metrics } from '@navarch/base';
import type { Ending } from '../errands.ts';

const WAIT_SECONDS = exponential(0.1, 2, 14);

/** What is counted of devices that pods wait for (KEP-5007). */
export interface DeviceMeasures {
  /** Of pods of a profile: how the wait for devices of a driver ended. */
  waitedFor(profile: string): (driver: string, ending: Ending, ms: number) => void;
}

export function deviceMeasures(metrics: Metrics): DeviceMeasures {
  const allocations = metrics.counter(
    'scheduler_dra_bindingconditions_allocations_total',
    '[ALPHA] Number of allocations using devices with BindingConditions, counted per driver per scheduling attempt',
  );
  const waits = metrics.histogram(
    'scheduler_dra_bindingconditions_wait_duration_seconds',
    '[ALPHA] Time in seconds spent waiting for BindingConditions to be satisfied during PreBind.',
    WAIT_SECONDS,
  );
  return {
    waitedFor: (profile) => (driver, status, ms) => {
      allocations.add(1, { driver, profile, status });
      waits.observe(ms / 1000, { driver, profile, status });
    },
  };
}
