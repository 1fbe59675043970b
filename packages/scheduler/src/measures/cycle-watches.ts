import type { Clock, Metrics, Observer } from '@navarch/base';
import type { CycleWatch } from '../cycle-watch.ts';
import { byLabels } from './by-labels.ts';

type Begun = CycleWatch & { begin(): void };

/** One for each profile: decisions are made one after the other. */
export function cycleWatches(
  metrics: Metrics,
  clock: Clock,
  pointOf: (profile: string, point: string, status: string) => Observer,
): (profile: string) => Begun {
  const evaluations = metrics.counter(
    'scheduler_plugin_evaluation_total',
    '[BETA] Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
  );
  return byLabels((profile): Begun => {
    const evaluated = byLabels((plugin, extension_point = '') => evaluations.of({ extension_point, plugin, profile }));
    let lastMs = 0;
    return {
      begin: () => (lastMs = clock.monotonic()),
      passed(point, status = 'Success') {
        const nowMs = clock.monotonic();
        pointOf(profile, point, status).observe((nowMs - lastMs) / 1000);
        lastMs = nowMs;
      },
      evaluated: (plugin, point, times) => evaluated(plugin, point).add(times),
    };
  });
}
