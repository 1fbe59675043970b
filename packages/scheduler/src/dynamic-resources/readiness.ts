import type { Claim, Result } from './devices.ts';

/** How far the devices of a claim are that take their time to get ready (KEP-5007). */
export type Readiness = 'ready' | 'waiting' | 'failed';

export function readinessOf(claim: Claim): Readiness {
  const results = claim.status.allocation?.devices?.results ?? [];
  if (results.some((result) => (result.bindingFailureConditions ?? []).some((type) => isTrue(type, result, claim))))
    return 'failed';
  const isReady = results.every((result) =>
    (result.bindingConditions ?? []).every((type) => isTrue(type, result, claim)),
  );
  return isReady ? 'ready' : 'waiting';
}

/** Whether the driver says so of the device. */
const isTrue = (type: string, { driver, pool, device, shareID }: Result, { status }: Claim): boolean =>
  (status.devices ?? [])
    .filter((one) => one.driver === driver && one.pool === pool && one.device === device && one.shareID === shareID)
    .some(({ conditions }) => conditions?.some((condition) => condition.type === type && condition.status === 'True'));
