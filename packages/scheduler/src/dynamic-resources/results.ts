import type { Node } from '@navarch/api';
import { sha256 } from '@navarch/base';
import { sharesText } from './capacity.ts';
import type { Allocation, Result } from './devices.ts';
import type { ClaimPlan, Way } from './plan.ts';
import { commonReach, onlyNode } from './reach.ts';
import type { Taken } from './search.ts';

type Configuration = NonNullable<NonNullable<Allocation['devices']>['config']>[number];

/** What is written into a claim's status about the devices it was given. `ways` says which way each request was met. */
export function allocationOf(
  plan: ClaimPlan,
  taken: readonly Taken[],
  ways: readonly number[],
  node: Node,
): Allocation {
  const chosen = plan.requests.map((all, i) => all[ways[i] ?? 0] as Way);
  const config = [...classConfiguration(chosen), ...claimConfiguration(plan, chosen)];
  const nodeSelector = taken.some(({ device }) => device.spec.bindsToNode)
    ? onlyNode(node.metadata.name)
    : commonReach(taken.map(({ device }) => device.reach));
  return {
    devices: {
      ...(taken.length > 0 ? { results: taken.map((one, i) => resultOf(one, plan, i)) } : {}),
      ...(config.length > 0 ? { config } : {}),
    },
    ...(nodeSelector ? { nodeSelector } : {}),
  };
}

function resultOf({ way, device, share }: Taken, { claim }: ClaimPlan, at: number): Result {
  const { driver, pool, spec } = device;
  const { bindingConditions, bindingFailureConditions } = spec;
  return {
    request: way.name,
    driver,
    pool,
    device: device.device,
    ...(way.isAdmin ? { adminAccess: true } : {}),
    ...(way.tolerations.length > 0 ? { tolerations: way.tolerations } : {}),
    ...(bindingConditions?.length ? { bindingConditions } : {}),
    ...(bindingFailureConditions?.length ? { bindingFailureConditions } : {}),
    ...(share
      ? {
          shareID: shareId(`${claim.metadata.uid} ${claim.metadata.resourceVersion ?? ''} ${at}`),
          consumedCapacity: sharesText(share, spec.capacity ?? {}),
        }
      : {}),
  };
}

/** A uid for a share: the same for the same share, however often it is asked for. */
function shareId(text: string): string {
  const bytes = sha256(new TextEncoder().encode(text)).slice(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Each class's once, for all requests that are met by it. */
function classConfiguration(chosen: readonly Way[]): readonly Configuration[] {
  const byClass = Map.groupBy(chosen, ({ deviceClass }) => deviceClass.metadata.name);
  return [...byClass.values()].flatMap((ways) =>
    ((ways[0] as Way).deviceClass.spec.config ?? []).map(({ opaque }) => ({
      source: 'FromClass' as const,
      requests: ways.map(({ name }) => name),
      ...(opaque ? { opaque } : {}),
    })),
  );
}

/** The claim's own, each once, but for what is about alternatives that were not chosen. */
const claimConfiguration = ({ claim }: ClaimPlan, chosen: readonly Way[]): readonly Configuration[] =>
  (claim.spec.devices.config ?? []).flatMap(({ requests = [], opaque }) => {
    const one = {
      source: 'FromClaim' as const,
      ...(requests.length > 0 ? { requests } : {}),
      ...(opaque ? { opaque } : {}),
    };
    const isMeant =
      requests.length === 0 ||
      chosen.some(({ name, request }) => requests.includes(request) || requests.includes(name));
    return isMeant ? [one] : [];
  });
