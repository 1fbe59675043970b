import { type Pod, resourceClaim, resourceClaimTemplate } from '@navarch/api';
import { keyIn, keyOf } from '@navarch/machinery';
import type { Claim, ExactRequest, Request, SubRequest } from '../../dynamic-resources/devices.ts';
import { isForExtended } from '../../dynamic-resources/extended-claim.ts';
import { type Case, editPod, putObject, type Step } from '../step.ts';
import type { Sieve } from './device-lacks.ts';

export type ClaimSpec = Claim['spec'];

/**
 * What has to be done for a claim to ask for something else. Nobody can change what a claim asks for: it is made anew,
 * or where it was made for the pod its template is, and then the pod. undefined: the claim is nobody's to change.
 */
export function editClaim(
  claim: Claim,
  { pod, whatIf: { snapshot } }: Case,
  edit: (spec: ClaimSpec) => ClaimSpec,
): Pick<Step, 'effects' | 'deeds'> | undefined {
  const { objects } = snapshot;
  if (isForExtended(claim) || !objects.get(resourceClaim, keyOf(claim))) return undefined;
  const then = putObject(resourceClaim, { ...claim, spec: edit(claim.spec), status: {} });
  const templateName = templateOf(claim, pod);
  if (templateName === undefined)
    return { effects: [then], deeds: [putObject(resourceClaim, { ...claim, spec: edit(claim.spec) })] };
  const template = objects.get(resourceClaimTemplate, keyIn(pod.metadata.namespace, templateName));
  if (!template) return undefined;
  const edited = { ...template, spec: { ...template.spec, spec: edit(template.spec.spec) } };
  const ofTemplate = putObject(resourceClaimTemplate, edited);
  return { effects: [then, ofTemplate], deeds: [ofTemplate, editPod((spec) => spec)] };
}

function templateOf({ metadata }: Claim, { spec, status }: Pod): string | undefined {
  const told = status.resourceClaimStatuses?.find(({ resourceClaimName }) => resourceClaimName === metadata.name);
  return spec.resourceClaims?.find(({ name }) => name === told?.name)?.resourceClaimTemplateName;
}

/** The same claim with another request in that place. */
export const withRequest =
  ([request, alternative]: Sieve['at'], edit: <R extends ExactRequest | SubRequest>(asked: R) => R) =>
  (spec: ClaimSpec): ClaimSpec => ({
    ...spec,
    devices: {
      ...spec.devices,
      requests: (spec.devices.requests ?? []).map((each, i) =>
        i === request ? edited(each, alternative, edit) : each,
      ),
    },
  });

function edited(
  request: Request,
  alternative: number,
  edit: <R extends ExactRequest | SubRequest>(asked: R) => R,
): Request {
  if (request.exactly) return { ...request, exactly: edit(request.exactly) };
  const firstAvailable = request.firstAvailable?.map((each, i) => (i === alternative ? edit(each) : each)) ?? [];
  return { ...request, firstAvailable };
}
