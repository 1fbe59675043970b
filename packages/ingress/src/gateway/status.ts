import { type ApiObject, equalJson } from '@navarch/machinery';
import type { Verdict } from './listeners.ts';
import { type Condition, GATEWAY_CONTROLLER, GROUP, type ParentStatus } from './objects.ts';
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
  readonly addresses: readonly string[];
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
      status: { conditions: conditions([IS_ACCEPTED], one, one.status?.conditions, subject.now) },
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

function gatewayStatus(gateway: GatewayObjects['gateways'][number], subject: StatusSubject): object {
  const { translation, addresses, now } = subject;
  const held: HeldStatus = gateway.status ?? {};
  const own = translation.listeners.filter((one) => one.gateway === gateway);
  const open = own.filter(({ isOpen }) => isOpen).length;
  const isWhole = own.every(({ verdicts }) => verdicts.every(({ type, isTrue }) => isTrue !== (type === 'Conflicted')));
  const misplaced = addressTrouble(gateway, addresses);
  const verdicts: readonly Verdict[] = [
    misplaced?.type === 'Accepted'
      ? misplaced
      : open > 0 && isWhole
        ? IS_ACCEPTED
        : { type: 'Accepted', isTrue: open > 0, reason: 'ListenersNotValid', message: 'see the listeners' },
    open === 0
      ? { type: 'Programmed', isTrue: false, reason: 'Invalid', message: 'no listener can be served' }
      : misplaced
        ? { ...misplaced, type: 'Programmed', reason: 'AddressNotUsable' }
        : { type: 'Programmed', isTrue: true, reason: 'Programmed', message: '' },
  ];
  return {
    addresses: open > 0 ? addresses.map((value) => ({ type: 'IPAddress', value })) : [],
    conditions: conditions(verdicts, gateway, held.conditions, now),
    listeners: own.map(({ listener: { name }, kinds, attached, verdicts: of }) => ({
      name,
      attachedRoutes: attached,
      supportedKinds: kinds.map((kind) => ({ group: GROUP, kind })),
      conditions: conditions(of, gateway, held.listeners?.find((one) => one.name === name)?.conditions, now),
    })),
  };
}

/** Gateways are served at the addresses of the machine, and at no others that somebody asks for. */
function addressTrouble({ spec }: GatewayObjects['gateways'][number], own: readonly string[]): Verdict | undefined {
  for (const { type = 'IPAddress', value = '' } of spec.addresses ?? []) {
    if (type !== 'IPAddress')
      return {
        type: 'Accepted',
        isTrue: false,
        reason: 'UnsupportedAddress',
        message: `addresses of type ${type} are not supported`,
      };
    if (value !== '' && !own.includes(value))
      return {
        type: 'Programmed',
        isTrue: false,
        reason: 'AddressNotUsable',
        message: `${value} is none of ${own.join(', ')}`,
      };
  }
  return undefined;
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
