import type { Clock, Metrics } from '@navarch/base';
import type { RuleTimes } from '@navarch/machinery';

/** Upper bounds, in seconds: those of every Prometheus client. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long the rules of custom resources take, under upstream's names. */
export function ruleTimes(metrics: Metrics, clock: Clock): RuleTimes {
  const compilation = metrics
    .histogram('apiserver_cel_compilation_duration_seconds', '[BETA] CEL compilation time in seconds.', SECONDS)
    .of({});
  const evaluation = metrics
    .histogram('apiserver_cel_evaluation_duration_seconds', '[BETA] CEL evaluation time in seconds.', SECONDS)
    .of({});
  return {
    now: () => clock.monotonic(),
    compiled: (ms) => compilation.observe(ms / 1000),
    evaluated: (ms) => evaluation.observe(ms / 1000),
  };
}
