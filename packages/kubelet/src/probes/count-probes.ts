import type { Pod } from '@navarch/api';
import type { Metrics } from '@navarch/base';
import type { Outcome } from './check.ts';

/** Counts what probes said, under upstream's names. */
export interface ProbeCounts {
  count(pod: Pod, container: string, kind: string, outcome: Outcome): void;
  /** The pod is gone: its counts are no longer shown. */
  forget(uid: string): void;
}

const results = { success: 'successful', failure: 'failed', error: 'unknown' } as const;

export function countProbes(metrics: Metrics): ProbeCounts {
  const total = metrics.counter(
    'prober_probe_total',
    'Cumulative number of a liveness, readiness or startup probe for a container by result.',
  );
  return {
    count: ({ metadata: { name, namespace = '', uid } }, container, kind, { type }) =>
      total.add(1, { container, namespace, pod: name, pod_uid: uid, probe_type: kind, result: results[type] }),
    forget: (uid) => total.forget({ pod_uid: uid }),
  };
}
