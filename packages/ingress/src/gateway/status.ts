import { type ApiObject, equalJson } from '@navarch/machinery';
import type { Verdict } from './listeners.ts';
import { type Condition, FEATURES, type Gateway, GATEWAY_CONTROLLER, GROUP, type ParentStatus } from './objects.ts';
import type { GatewayObjects } from './source.ts';
import type { GatewayTranslation, RouteVerdicts } from './translate.ts';

export interface StatusWrite {
  readonly object: ApiObject;
  /** All of it. */
  readonly status: object;
}

export interface StatusSubject {
  readonly objects: GatewayObjects;
  readonly translation: GatewayTranslation;
  /** Those of the machine, which Gateways without addresses of their own share. */
  readonly addresses: readonly string[];
  /** Those of a Gateway's own, so far; a sentence: why it has none; undefined: it is not to have any. */
  readonly ownAddresses: (gateway: Gateway) => readonly string[] | string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/** Statuses that have to be written for them to say what is; those that say it already are left out. */
export function statusWrites(subject: StatusSubject): readonly StatusWrite[] {
  const { objects, translation } = subject;
  const told = new Map(translation.routeVerdicts.map((one) => [one.route, one]));
  return [
    ...objects.classes.map((one) => ({
      object: one,
      status: {
        conditions: conditions([IS_ACCEPTED], one, one.status?.conditions, subject.now),
        supportedFeatures: FEATURES.map((name) => ({ name })),
      },
    })),
    ...objects.gateways.map((one) => ({ object: one, status: gatewayStatus(one, subject) })),
    ...objects.routes.flatMap((route) => {
      const parents = parentsOf(route, told.get(route), subject.now);
      return parents === undefined ? [] : [{ object: route, status: { parents } }];
    }),
  ].filter(({ object, status }) => !equalJson((object as { status?: unknown }).status, status));
}

const IS_ACCEPTED: Verdict = { type: 'Accepted', isTrue: true, reason: 'Accepted', message: '' };

/** A condition that says what it said keeps the time since when. */
function conditions(
  verdicts: readonly Verdict[],
  { metadata }: ApiObject,
  before: readonly Condition[] = [],
  now: string,
): readonly Condition[] {
  return verdicts.map(({ type, isTrue, reason, message }) => {
    const status = isTrue ? 'True' : 'False';
    const held = before.find((one) => one.type === type && one.status === status);
    return {
      type,
      status,
      reason,
      message,
      observedGeneration: Number(metadata.generation ?? 0),
      lastTransitionTime: held?.lastTransitionTime ?? now,
    };
  });
}

interface HeldStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly { readonly name: string; readonly conditions?: readonly Condition[] }[];
}

function gatewayStatus(gateway: Gateway, subject: StatusSubject): object {
  const { translation, now } = subject;
  const held: HeldStatus = gateway.status ?? {};
  const own = translation.listeners.filter((one) => one.gateway === gateway);
  const open = own.filter(({ isOpen }) => isOpen).length;
  const isWhole = own.every(({ verdicts }) => verdicts.every(({ type, isTrue }) => isTrue !== (type === 'Conflicted')));
  const { addresses, trouble } = addressesOf(gateway, subject);
  const verdicts: readonly Verdict[] = [
    trouble?.type === 'Accepted'
      ? trouble
      : open > 0 && isWhole
        ? IS_ACCEPTED
        : { type: 'Accepted', isTrue: open > 0, reason: 'ListenersNotValid', message: 'see the listeners' },
    open === 0
      ? { type: 'Programmed', isTrue: false, reason: 'Invalid', message: 'no listener can be served' }
      : trouble
        ? {
            type: 'Programmed',
            isTrue: false,
            reason: trouble.type === 'Programmed' ? trouble.reason : 'Invalid',
            message: trouble.message,
          }
        : { type: 'Programmed', isTrue: true, reason: 'Programmed', message: '' },
  ];
  return {
    addresses: open > 0 && !trouble ? addresses.map((value) => ({ type: 'IPAddress', value })) : [],
    conditions: conditions(verdicts, gateway, held.conditions, now),
    listeners: own.map(({ listener: { name }, kinds, attached, verdicts: of }) => ({
      name,
      attachedRoutes: attached,
      supportedKinds: kinds.map((kind) => ({ group: GROUP, kind })),
      conditions: conditions(of, gateway, held.listeners?.find((one) => one.name === name)?.conditions, now),
    })),
  };
}

/** Where a Gateway is reached, and what is wrong with what it asks for. */
function addressesOf(
  gateway: Gateway,
  { addresses: shared, ownAddresses }: StatusSubject,
): { readonly addresses: readonly string[]; readonly trouble?: Verdict } {
  const { spec } = gateway;
  const own = ownAddresses(gateway);
  const addresses = typeof own === 'string' ? [] : (own ?? shared);
  const refused = (reason: string, message: string) => ({
    addresses,
    trouble: { type: 'Accepted', isTrue: false, reason, message },
  });
  const { parametersRef } = spec.infrastructure ?? {};
  if (parametersRef) return refused('InvalidParameters', `parameters of kind ${parametersRef.kind} are not known`);
  const strange = (spec.addresses ?? []).find(({ type = 'IPAddress' }) => type !== 'IPAddress');
  if (strange) return refused('UnsupportedAddress', `addresses of type ${strange.type ?? ''} are not supported`);
  const missing = (reason: string, message: string) => ({
    addresses,
    trouble: { type: 'Programmed', isTrue: false, reason, message },
  });
  if (typeof own === 'string') return missing('AddressNotUsable', own);
  const asked = (spec.addresses ?? []).flatMap(({ value = '' }) => (value === '' ? [] : [value]));
  const unusable = asked.find((value) => !addresses.includes(value));
  if (unusable !== undefined)
    return missing(
      'AddressNotUsable',
      `${unusable} is none of the addresses that it has: ${addresses.join(', ') || 'none'}`,
    );
  if (addresses.length === 0) return missing('AddressNotAssigned', 'its service has no address yet');
  return { addresses };
}

/** What other controllers said stays; undefined: nobody of ours has ever said anything. */
function parentsOf(
  route: GatewayObjects['routes'][number],
  told: RouteVerdicts | undefined,
  now: string,
): readonly ParentStatus[] | undefined {
  const held = route.status?.parents ?? [];
  const others = held.filter(({ controllerName }) => controllerName !== GATEWAY_CONTROLLER);
  if (!told && others.length === held.length) return undefined;
  const own = (told?.parents ?? []).map(({ parentRef, verdicts }) => {
    const before = held.find((one) => one.controllerName === GATEWAY_CONTROLLER && equalJson(one.parentRef, parentRef));
    return {
      parentRef,
      controllerName: GATEWAY_CONTROLLER,
      conditions: conditions(verdicts, route, before?.conditions, now),
    };
  });
  return [...others, ...own];
}
