import { type CelType, dyn, isDynamic, sameType } from './types.ts';

/** What the parameters of types stand for, by their names. Never changed: each step makes another. */
export type Bindings = ReadonlyMap<string, CelType>;

/** Bindings under which `from` may stand where `to` is wanted; undefined: it may not. */
export function assign(bindings: Bindings, from: CelType, to: CelType): Bindings | undefined {
  const tried = new Map(bindings);
  return assigns(tried, from, to) ? tried : undefined;
}

export function assignAll(bindings: Bindings, from: readonly CelType[], to: readonly CelType[]): Bindings | undefined {
  const tried = new Map(bindings);
  return assignsAll(tried, from, to) ? tried : undefined;
}

/** The type with what its parameters are bound to; `isFinal`: those that are bound to nothing are dynamic. */
export function substitute(bindings: Bindings, type: CelType, isFinal = false): CelType {
  if (type.kind === 'param') {
    const bound = bindings.get(type.name);
    if (bound) return substitute(bindings, bound, isFinal);
    return isFinal ? dyn : type;
  }
  if (type.params.length === 0) return type;
  return { ...type, params: type.params.map((one) => substitute(bindings, one, isFinal)) };
}

/** Of two types that go together the one that allows more. */
export const moreGeneral = (a: CelType, b: CelType): CelType => (isLessSpecific(a, b) ? a : b);

type Trial = Map<string, CelType>;

const assignsAll = (trial: Trial, from: readonly CelType[], to: readonly CelType[]): boolean =>
  from.length === to.length && from.every((one, i) => assigns(trial, one, to[i] as CelType));

function assigns(trial: Trial, from: CelType, to: CelType): boolean {
  if (to.kind === 'param') {
    const hadBinding = trial.has(to.name);
    if (binds(trial, to, from)) return true;
    if (hadBinding) return false;
  }
  if (from.kind === 'param') return binds(trial, from, to);
  if (isDynamic(from) || isDynamic(to)) return true;
  if (from.name === 'null_type') return isNullable(to);
  if (to.name === 'null_type') return isNullable(from);
  if (from.kind === 'type') return to.kind === 'type';
  return from.kind === to.kind && from.name === to.name && assignsAll(trial, from.params, to.params);
}

/** Lets a parameter stand for a type, or for what both that and its former type are. */
function binds(trial: Trial, parameter: CelType, type: CelType): boolean {
  if (sameType(parameter, type)) return true;
  const bound = trial.get(parameter.name);
  if (!bound) {
    if (occursIn(trial, parameter, type)) return false;
    trial.set(parameter.name, type);
    return true;
  }
  if (sameType(bound, type)) return true;
  if (!assigns(trial, type, bound)) return false;
  const general = moreGeneral(type, bound);
  if (!occursIn(trial, parameter, general)) trial.set(parameter.name, general);
  return true;
}

/** A parameter that stood for something with itself inside would have no end. */
function occursIn(trial: Trial, parameter: CelType, type: CelType): boolean {
  if (sameType(parameter, type)) return true;
  if (type.kind !== 'param') return type.params.some((one) => occursIn(trial, parameter, one));
  const bound = trial.get(type.name);
  return bound !== undefined && occursIn(trial, parameter, bound);
}

/** Values of these types may be null. */
const isNullable = ({ kind, name }: CelType): boolean =>
  kind === 'opaque' || kind === 'object' || /^(?:null_type|google\.protobuf\..+)$/.test(name);

function isLessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  return (
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((one, i) => isLessSpecific(one, b.params[i] as CelType))
  );
}
