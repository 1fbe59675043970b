import { persistentVolume, persistentVolumeClaim } from '@navarch/api';
import { type Claim, claimsOf, isBound, type PodClaim } from '../../plugins/pod-claims.ts';
import { isReachable } from '../../plugins/volume-binding.ts';
import { PLACE_LABELS } from '../../plugins/volume-zone.ts';
import { nearMiss } from '../near-miss.ts';
import { type Case, editObject, putObject, type Remedy, type Step } from '../step.ts';
import { ownVolume, provisioned } from './volume-making.ts';

const OF_BINDING = /^pv\.kubernetes\.io\/|^volume\.kubernetes\.io\/selected-node$/;
const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

/** The claim as it was when it asked for a volume. */
function unbound(claim: Claim): Claim {
  const { volumeName: _, ...spec } = claim.spec;
  const kept = Object.entries(claim.metadata.annotations ?? {}).filter(([name]) => !OF_BINDING.test(name));
  return { ...claim, metadata: { ...claim.metadata, annotations: Object.fromEntries(kept) }, spec, status: {} };
}

/** Whether a pod that runs uses it: it cannot go while that one does. */
const isUsed = ({ metadata: { name, namespace } }: Claim, { whatIf: { snapshot } }: Case): boolean =>
  snapshot.nodes.some(({ pods }) =>
    [...pods.values()].some(({ template }) => template.namespace === namespace && template.claims.includes(name)),
  );

function anew({ claim, storageClass }: PodClaim, about: Case, why: string, cost: number): readonly Step[] {
  if (!claim || claim.metadata.ownerReferences?.length || isUsed(claim, about)) return [];
  const then = unbound(claim);
  const isMade = storageClass !== undefined && storageClass.provisioner !== NO_PROVISIONER;
  const { effects, deeds = [] } = isMade ? { effects: provisioned(then, storageClass) } : ownVolume(then);
  const made = isMade ? 'another volume is made for it' : 'and a volume for it (a folder of the node)';
  return [
    {
      sort: `claim anew ${claim.metadata.name}`,
      summary: `make claim ${claim.metadata.name} anew, ${made}: ${why}`,
      cost,
      effects,
      deeds: [putObject(persistentVolumeClaim, { ...claim, ...then, status: claim.status }), ...deeds],
    },
  ];
}

/** For a claim whose volume is no more: nothing is lost with it. */
export const lost = (each: PodClaim, about: Case): readonly Step[] =>
  each.claim?.spec.volumeName && !each.volume && (isBound(each.claim) || each.claim.status?.phase === 'Lost')
    ? anew(each, about, `its volume ${each.claim.spec.volumeName} is gone`, 3)
    : [];

/** For a volume that no node of the cluster reaches: what is in it is lost to pods. */
export const outOfReach: Remedy = (about) => {
  const { snapshot } = about.whatIf;
  return claimsOf(snapshot.templateOf(about.pod), snapshot.objects).flatMap((each) => {
    const { volume } = each;
    if (!volume) return lost(each, about);
    if (snapshot.nodes.some(({ node }) => isReachable(volume, node))) return [];
    return anew(each, about, `no node reaches its volume ${volume.metadata.name} any more, what is in it is lost`, 7);
  });
};

/** A zone that no node is in, where one is in nearly the same. */
export const zoneSlips: Remedy = ({ pod, node, whatIf: { snapshot } }) =>
  claimsOf(snapshot.templateOf(pod), snapshot.objects).flatMap(({ volume }): readonly Step[] => {
    const labels = volume?.metadata.labels ?? {};
    return PLACE_LABELS.flatMap((label) => {
      const [typed, here] = [labels[label], node.labels[label]];
      if (!volume || typed === undefined || here === undefined || nearMiss(typed, [here]) === undefined) return [];
      if (snapshot.nodes.some((other) => other.labels[label] === typed)) return [];
      const metadata = { ...volume.metadata, labels: { ...labels, [label]: here } };
      return [
        {
          sort: `slip ${label}`,
          summary: `label volume ${volume.metadata.name} with ${label}=${here} (did you mean ${JSON.stringify(here)} instead of ${JSON.stringify(typed)}?)`,
          cost: 1,
          effects: [editObject(persistentVolume, { ...volume, metadata })],
        },
      ];
    });
  });
