import { runCommand } from '../host/command.ts';
import type { Containerd } from './start.ts';

/** The containerd namespace in which CRI keeps its images. */
const NAMESPACE = 'k8s.io';

/** Asks containerd for what CRI has no call for. Throws CommandError with what it said. */
export function ctr(
  containerd: Pick<Containerd, 'socketPath'>,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly stdout: string }> {
  return runCommand(['ctr', '--address', containerd.socketPath, '--namespace', NAMESPACE, ...args], {}, signal);
}
