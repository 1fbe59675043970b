import {
  deviceClass,
  type Pod,
  pod as podKind,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
} from '@navarch/api';
import { controllerReference, keyIn } from '@navarch/machinery';
import { amountOf, type Claim, type DeviceSpec, ofDevice } from '../../dynamic-resources/devices.ts';
import { claimsOf } from '../../dynamic-resources/claims-of-pod.ts';
import { planOf } from '../../dynamic-resources/plan.ts';
import { editClaim, withRequest } from '../devices/claim-edits.ts';
import { lackOf, repelling, type Sieve, sievesOf, taintText } from '../devices/device-lacks.ts';
import { nearMiss } from '../near-miss.ts';
import { type Case, editPod, putObject, type Remedy, type Step } from '../step.ts';

type Spec = Pod['spec'];

/** For a claim that is not there, or asks for a class that is not: the name that was meant. */
export const deviceNames: Remedy = (about) => {
  const claims = claimsOf(about.pod, about.whatIf.snapshot.devices);
  return typeof claims === 'string' ? claimSlips(about) : claims.flatMap((claim) => classSlips(claim, about));
};

function claimSlips({ pod, whatIf: { snapshot } }: Case): readonly Step[] {
  const { objects } = snapshot;
  const namespace = pod.metadata.namespace ?? '';
  const instead = (typed: string, meant: string): string =>
    `(did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(typed)}?)`;
  return (pod.spec.resourceClaims ?? []).flatMap(({ name, ...by }): readonly Step[] => {
    const renamed = (part: object) => (spec: Spec) => ({
      ...spec,
      resourceClaims: (spec.resourceClaims ?? []).map((each) => (each.name === name ? { ...each, ...part } : each)),
    });
    const [ofClaim, ofTemplate] = [by.resourceClaimName, by.resourceClaimTemplateName];
    if (ofClaim !== undefined && !objects.get(resourceClaim, keyIn(namespace, ofClaim))) {
      const names = objects.list(resourceClaim, namespace).map(({ metadata }) => metadata.name);
      const meant = nearMiss(ofClaim, names);
      if (meant === undefined) return [];
      const effects = [editPod(renamed({ resourceClaimName: meant }))];
      return [{ sort: `slip ${meant}`, summary: `use claim ${meant} ${instead(ofClaim, meant)}`, cost: 1, effects }];
    }
    if (ofTemplate === undefined || objects.get(resourceClaimTemplate, keyIn(namespace, ofTemplate))) return [];
    const templates = objects.list(resourceClaimTemplate, namespace);
    const meant = nearMiss(
      ofTemplate,
      templates.map(({ metadata }) => metadata.name),
    );
    const template = templates.find(({ metadata }) => metadata.name === meant);
    if (meant === undefined || !template) return [];
    const spec = renamed({ resourceClaimTemplateName: meant });
    const made = {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: {
        name: `${pod.metadata.name}-${name}`,
        namespace,
        uid: `of ${pod.metadata.uid} ${name}`,
        ownerReferences: [controllerReference(podKind, pod)],
      },
      spec: template.spec.spec,
      status: {},
    } as unknown as Claim;
    const told = { name, resourceClaimName: made.metadata.name };
    const status = (before: Pod['status']): Pod['status'] => ({
      ...before,
      resourceClaimStatuses: [...(before.resourceClaimStatuses ?? []).filter((each) => each.name !== name), told],
    });
    return [
      {
        sort: `slip ${meant}`,
        summary: `make its claim by the template ${meant} ${instead(ofTemplate, meant)}`,
        cost: 1,
        effects: [editPod(spec, status), putObject(resourceClaim, made)],
        deeds: [editPod(spec)],
      },
    ];
  });
}

function classSlips(claim: Claim, about: Case): readonly Step[] {
  const { snapshot } = about.whatIf;
  if (claim.status.allocation || typeof planOf(claim, (name) => snapshot.devices.deviceClass(name)) !== 'string')
    return [];
  const known = snapshot.objects.list(deviceClass).map(({ metadata }) => metadata.name);
  return (claim.spec.devices.requests ?? []).flatMap(({ exactly, firstAvailable = [] }, request) =>
    (exactly ? [exactly] : firstAvailable).flatMap(({ deviceClassName: typed }, alternative) => {
      const meant = known.includes(typed) ? undefined : nearMiss(typed, known);
      if (meant === undefined) return [];
      return step(
        claim,
        about,
        withRequest([request, alternative], (asked) => ({ ...asked, deviceClassName: meant })),
        {
          sort: `slip ${meant}`,
          summary: `ask for devices of class ${meant} in claim ${claim.metadata.name} (there is no class ${typed}: did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(typed)}?)`,
          cost: 1.5,
        },
      );
    }),
  );
}

const step = (
  claim: Claim,
  about: Case,
  edit: Parameters<typeof editClaim>[2],
  told: Pick<Step, 'sort' | 'summary' | 'cost'>,
): readonly Step[] => {
  const edits = editClaim(claim, about, edit);
  return edits ? [{ ...told, ...edits }] : [];
};

/** For what a claim asks of devices: a slip put right, or less of what no device here has. */
export const askOtherwise: Remedy = (about) => {
  const sieves = sievesOf(about);
  const lacking = sieves.filter((sieve) => lackOf(sieve));
  return lacking.length > 0
    ? lacking.flatMap((sieve) => [...forStage(sieve, about), ...fewer(sieve, about)])
    : sieves.flatMap((sieve) => [...fewer(sieve, about), ...withoutConstraint(sieve, about)]);
};

function forStage(sieve: Sieve, about: Case): readonly Step[] {
  const lack = lackOf(sieve);
  const before = sieve.stages[sieve.stages.findIndex((each) => each === lack) - 1]?.left ?? sieve.reached;
  if (!lack) return [];
  if (lack.stage.type === 'selector') return forSelector(sieve, lack.stage, before, about);
  if (lack.stage.type === 'taint') return tolerated(sieve, before, about);
  return lack.stage.type === 'capacity' ? smaller(sieve, before, about) : [];
}

type Devices = Sieve['reached'];

/** Of a text that nearly is an attribute of a device, and without the condition. */
function forSelector(
  { plan: { claim }, way, at }: Sieve,
  { index, expression }: { readonly index: number; readonly expression: string },
  devices: Devices,
  about: Case,
): readonly Step[] {
  const known = new Set(devices.flatMap(({ spec }) => textsOf(spec)));
  const slices = about.whatIf.snapshot.objects.list(resourceSlice);
  const isSomewhere = (text: string): boolean =>
    slices.some(({ spec }) => spec.devices?.some((device) => textsOf(device).includes(text)));
  const slips = [...expression.matchAll(/(["'])([^"'\\]+)\1/g)].flatMap(([, quote = '', typed = '']) => {
    const meant = known.has(typed) ? undefined : nearMiss(typed, known);
    if (meant === undefined || /["'\\]/.test(meant) || isSomewhere(typed)) return [];
    const right = expression.replaceAll(`${quote}${typed}${quote}`, `${quote}${meant}${quote}`);
    const edit = withRequest(at, (asked) => ({
      ...asked,
      selectors: (asked.selectors ?? []).map((each, i) =>
        i === index ? { ...each, cel: { expression: right } } : each,
      ),
    }));
    return step(claim, about, edit, {
      sort: `slip ${meant}`,
      summary: `ask for devices with ${right} in claim ${claim.metadata.name} (did you mean ${JSON.stringify(meant)} instead of ${JSON.stringify(typed)}?)`,
      cost: 1,
    });
  });
  const without = withRequest(at, (asked) => {
    const selectors = (asked.selectors ?? []).filter((_, i) => i !== index);
    const { selectors: _, ...rest } = asked;
    return (selectors.length > 0 ? { ...rest, selectors } : rest) as typeof asked;
  });
  const told = {
    sort: `without selector ${way.name} ${index}`,
    summary: `do not demand ${expression} of the devices of claim ${claim.metadata.name}`,
    cost: 5,
  };
  return [...slips, ...step(claim, about, without, told)];
}

const textsOf = ({ attributes = {} }: DeviceSpec): readonly string[] =>
  Object.values(attributes).flatMap(({ string, version }) => [string, version].filter((one) => one !== undefined));

function tolerated({ plan: { claim }, way, at }: Sieve, devices: Devices, about: Case): readonly Step[] {
  const taints = new Map(devices.flatMap((device) => repelling(device, way)).map((taint) => [taintText(taint), taint]));
  return [...taints].flatMap(([text, { key, value, effect }]) => {
    const added = value ? { key, operator: 'Equal', value, effect } : { key, operator: 'Exists', effect };
    const edit = withRequest(at, (asked) => ({
      ...asked,
      tolerations: [...(asked.tolerations ?? []), added] as typeof asked.tolerations,
    }));
    const summary = `let claim ${claim.metadata.name} tolerate devices with the taint ${text}`;
    return step(claim, about, edit, { sort: `device toleration ${key}`, summary, cost: 2.5 });
  });
}

/** As much as a device here has, of what none has enough. */
function smaller({ plan: { claim }, way, at }: Sieve, devices: Devices, about: Case): readonly Step[] {
  return Object.entries(way.capacity).flatMap(([name, asked]) => {
    const held = devices.flatMap(({ spec, driver }) => ofDevice(spec.capacity, name, driver)?.value ?? []);
    const [most] = held.toSorted((a, b) => (amountOf(a) > amountOf(b) ? -1 : 1));
    if (most === undefined || amountOf(most) >= amountOf(asked) || amountOf(most) === 0n) return [];
    const edit = withRequest(at, (before) => ({
      ...before,
      capacity: { ...before.capacity, requests: { ...before.capacity?.requests, [name]: most } },
    }));
    return step(claim, about, edit, {
      sort: `less ${name}`,
      summary: `ask for ${most} ${name} in claim ${claim.metadata.name}, which is what the largest device of node ${about.node.name} has, instead of ${asked}`,
      cost: 3,
    });
  });
}

/** Fewer are looked for one by one only this far. */
const FEWER_MAX = 8;

function fewer({ plan: { claim }, way, wanted, stages, at }: Sieve, about: Case): readonly Step[] {
  if (way.count === undefined) return [];
  const most = Math.min(wanted - 1, stages.at(-1)?.left.length ?? 0);
  for (let count = most; count > Math.max(0, most - FEWER_MAX); count--) {
    const [found] = step(
      claim,
      about,
      withRequest(at, (asked) => ({ ...asked, count: count })),
      {
        sort: `fewer ${way.name}`,
        summary: `ask for ${count} instead of ${wanted} devices in claim ${claim.metadata.name}`,
        cost: 2 + (4 * (wanted - count)) / count,
      },
    );
    if (found && !about.objects(found.effects)) return [found];
  }
  return [];
}

function withoutConstraint({ plan: { claim } }: Sieve, about: Case): readonly Step[] {
  return (claim.spec.devices.constraints ?? []).flatMap(({ matchAttribute, distinctAttribute }, index) =>
    step(
      claim,
      about,
      (spec) => {
        const { constraints = [], ...rest } = spec.devices;
        const kept = constraints.filter((_, i) => i !== index);
        return { ...spec, devices: kept.length > 0 ? { ...rest, constraints: kept } : rest };
      },
      {
        sort: `without constraint ${index}`,
        summary: `do not demand that the devices of claim ${claim.metadata.name} ${matchAttribute === undefined ? `differ in ${distinctAttribute}` : `agree in ${matchAttribute}`}`,
        cost: 5,
      },
    ),
  );
}
