import type { Kubectl } from './command.ts';
import { deployment, manifest } from './manifests.ts';

/** Creates the deployment `web` and waits until its pods are there. */
export async function startWeb({ ok }: Kubectl, replicas = 2): Promise<void> {
  await ok(['apply', '-f', '-'], manifest(deployment('web', { replicas })));
  await ok(['wait', '--for=condition=Available', 'deployment/web', '--timeout=60s']);
}

/** Waits until these are not there any more. */
export const gone = ({ ok }: Kubectl, ...what: readonly string[]): Promise<string> =>
  ok(['wait', '--for=delete', ...what, '--timeout=60s']);
