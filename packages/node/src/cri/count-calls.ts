import type { Clock, Metrics } from '@navarch/base';
import type { cri } from '@navarch/kubelet';

const SECONDS = [
  0.005, 0.0125, 0.03125, 0.078125, 0.1953125, 0.48828125, 1.220703125, 3.0517578125, 7.62939453125, 19.073486328125,
  47.6837158203125, 119.20928955078125,
];
/** Upstream's names of operations that do not follow from those of the calls. */
const names: Readonly<Record<string, string>> = {
  runPodSandbox: 'run_podsandbox',
  stopPodSandbox: 'stop_podsandbox',
  removePodSandbox: 'remove_podsandbox',
  podSandboxStatus: 'podsandbox_status',
  listPodSandbox: 'list_podsandbox',
  // The same calls, of which less is read.
  listSandboxStates: 'list_podsandbox',
  listContainerStates: 'list_containers',
  podSandboxStats: 'podsandbox_stats',
  listPodSandboxStats: 'list_podsandbox_stats',
};
const nameOf = (call: string): string => names[call] ?? call.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A runtime whose calls are counted and timed under the names that upstream's kubelet gives them. */
export function countCalls(runtime: cri.ContainerRuntime, metrics: Metrics, clock: Clock): cri.ContainerRuntime {
  const total = metrics.counter(
    'kubelet_runtime_operations_total',
    'Cumulative number of runtime operations by operation type.',
  );
  const errors = metrics.counter(
    'kubelet_runtime_operations_errors_total',
    'Cumulative number of runtime operation errors by operation type.',
  );
  const seconds = metrics.histogram(
    'kubelet_runtime_operations_duration_seconds',
    'Duration in seconds of runtime operations. Broken down by operation type.',
    SECONDS,
  );
  const counted = (call: string, run: Call): Call => {
    const labels = { operation_type: nameOf(call) };
    return (...args) => {
      const started = clock.monotonic();
      total.add(1, labels);
      const result = run.apply(runtime, args);
      if (result instanceof Promise) {
        result.then(
          () => seconds.observe((clock.monotonic() - started) / 1000, labels),
          () => errors.add(1, labels),
        );
      }
      return result;
    };
  };
  const calls = Object.entries(runtime).map(([name, run]) => [
    name,
    name === 'features' ? run : counted(name, run as Call),
  ]);
  return Object.freeze(Object.fromEntries(calls) as cri.ContainerRuntime);
}

type Call = (...args: unknown[]) => unknown;
