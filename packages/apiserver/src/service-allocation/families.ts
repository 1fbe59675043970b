import { type IpFamily, ipFamilyOf, type Service } from '@navarch/api';
import { equalJson, Field, type Mutable } from '@navarch/machinery';

type Spec = Mutable<Service>['spec'];

export const isHeadless = ({ clusterIPs }: Pick<Service['spec'], 'clusterIPs'>): boolean => clusterIPs?.[0] === 'None';

/**
 * Completes which families of addresses a service has (KEP-563), from what it says, what it was and what the cluster
 * has: `cluster`, the default first. Nothing but a change of policy, or of the lists themselves, makes a service gain or
 * lose one. Returns what is wrong.
 */
export function completeFamilies(
  { spec }: Mutable<Service>,
  previous: Service | undefined,
  cluster: readonly IpFamily[],
): Field['errors'] {
  const at = new Field('spec');
  if (isSettled(spec, previous)) return at.errors;
  // POST without a policy means one family; PUT without one means the policy of before.
  spec.ipFamilyPolicy ??= previous?.spec.ipFamilyPolicy ?? (isSelectorless(spec) ? 'RequireDualStack' : 'SingleStack');
  if (previous) followPolicy(spec, previous, at);
  checkPolicy(spec, at);
  inferFamilies(spec, cluster, at);
  if (at.errors.length > 0) return at.errors;
  const families: IpFamily[] = [...(spec.ipFamilies ?? [])] as IpFamily[];
  // Whoever says himself where a headless service leads may use a family that the cluster does not give addresses of.
  const mayHaveAny = isSelectorless(spec);
  if (!mayHaveAny) checkConfigured(spec, cluster, at);
  if (at.errors.length > 0) return at.errors;
  if (families.length === 0) families.push(cluster[0] ?? 'IPv4');
  if (spec.ipFamilyPolicy !== 'SingleStack' && families.length === 1 && (mayHaveAny || cluster.length > 1)) {
    families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  }
  spec.ipFamilies = families;
  return at.errors;
}

const isSelectorless = (spec: Spec): boolean => isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;

/** What prefers two families keeps those it has when the cluster comes to have others. */
function isSettled(spec: Spec, previous: Service | undefined): boolean {
  return (
    previous !== undefined &&
    previous.spec.type === spec.type &&
    spec.ipFamilyPolicy === 'PreferDualStack' &&
    previous.spec.ipFamilyPolicy === 'PreferDualStack' &&
    equalJson(spec.clusterIPs, previous.spec.clusterIPs) &&
    equalJson(spec.ipFamilies, previous.spec.ipFamilies) &&
    spec.ipFamilies !== undefined
  );
}

/** Who asks for one family and leaves both lists as they were means the first of each; who shortens a list must ask for it. */
function followPolicy(spec: Spec, previous: Service, at: Field): void {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  const before = previous.spec;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (clusterIPs.length > 1 && equalJson(clusterIPs, before.clusterIPs)) spec.clusterIPs = clusterIPs.slice(0, 1);
    if (ipFamilies.length > 1 && equalJson(ipFamilies, before.ipFamilies)) spec.ipFamilies = ipFamilies.slice(0, 1);
    return;
  }
  const here = at.at('ipFamilyPolicy');
  const isShorter = (now: readonly unknown[], old: readonly unknown[] = []): boolean =>
    now.length > 0 && now.length < old.length;
  if (isShorter(clusterIPs, before.clusterIPs))
    here.invalid(spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP");
  if (isShorter(ipFamilies, before.ipFamilies))
    here.invalid(spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family");
}

function checkPolicy({ ipFamilyPolicy, clusterIPs, ipFamilies }: Spec, at: Field): void {
  if (ipFamilyPolicy !== 'SingleStack') return;
  for (const [name, values] of [
    ['cluster IPs', clusterIPs],
    ['IP families', ipFamilies],
  ] as const) {
    if (values?.length === 2)
      at.at('ipFamilyPolicy').invalid(
        ipFamilyPolicy,
        `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${name} are specified`,
      );
  }
}

/** An address says its family. */
function inferFamilies(spec: Spec, cluster: readonly IpFamily[], at: Field): void {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  if (isHeadless(spec)) return;
  const missing = clusterIPs.slice(ipFamilies.length).map(ipFamilyOf);
  missing.forEach((family, i) => {
    if (!cluster.includes(family))
      at.at('clusterIPs')
        .index(ipFamilies.length + i)
        .invalid(clusterIPs, `${family} is not configured on this cluster`);
  });
  if (missing.length > 0) spec.ipFamilies = [...ipFamilies, ...missing];
}

function checkConfigured({ ipFamilyPolicy, ipFamilies = [] }: Spec, cluster: readonly IpFamily[], at: Field): void {
  if (ipFamilyPolicy === 'RequireDualStack' && cluster.length < 2)
    at.at('ipFamilyPolicy').invalid(ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  ipFamilies.forEach((family, i) => {
    if (!cluster.includes(family as IpFamily))
      at.at('ipFamilies').index(i).invalid(family, 'not configured on this cluster');
  });
}
