import type { CsiDeps } from './deps.ts';
import { attachmentName } from './paths.ts';
import type { Wanted } from './wanted.ts';

/** As gRPC numbers RESOURCE_EXHAUSTED, in the status of a VolumeAttachment. */
const EXHAUSTED = 8;

/**
 * Whether a volume cannot be attached since the node has as many as it can bear; only said of drivers whose objects want that
 * known (KEP-4876). The driver is asked then how many that are, so that the next pod is sent elsewhere.
 */
export async function isExhausted({ driver, handle, mode }: Wanted, deps: CsiDeps): Promise<boolean> {
  const { cluster, drivers, log, nodeName, signal } = deps;
  if (mode !== 'Persistent') return false;
  const object = await cluster.driverObject(driver);
  if (!(Number(object?.spec.nodeAllocatableUpdatePeriodSeconds ?? 0) > 0)) return false;
  const found = await cluster.attachment(attachmentName(driver, handle, nodeName));
  if (Number(found?.status.attachError?.errorCode ?? 0) !== EXHAUSTED) return false;
  await drivers
    .say(driver, signal)
    .catch((error: unknown) => log.warn('a driver does not say what it allows', { driver, error }));
  return true;
}
