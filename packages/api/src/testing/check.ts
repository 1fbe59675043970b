import assert from 'node:assert/strict';
import {
  apiVersionOf,
  decode,
  dnsSubdomainErrors,
  Field,
  type HookContext,
  type Kind,
  mergePatch,
  validateObjectMeta,
  withDeclared,
} from '@navarch/machinery';
import { youngKinds } from '../earlier-versions.ts';
import { builtinKinds } from '../kinds.ts';
import { minimalObjects } from './minimal-objects.ts';

type Json = Readonly<Record<string, unknown>>;

/** Features of the release that are on where nobody says, so far as checks ask. */
const ON: ReadonlySet<string> = new Set(['HPAScaleToZero']);
const NOW = Date.parse('2026-11-21T12:00:00Z');
export const hooks: HookContext = {
  now: NOW,
  subresource: undefined,
  apiVersion: 'v1',
  user: { name: 'tester', groups: ['testers'] },
  isOn: (feature) => ON.has(feature),
};

/** `group/version.Kind` */
export function kindOf(key: string): Kind<any> {
  const found = [...builtinKinds, ...youngKinds].find((kind) => `${kind.group}/${kind.version}.${kind.kind}` === key);
  assert.ok(found, key);
  return found;
}

export function completed(kind: Kind<any>, given: unknown): any {
  const { value } = decode(kind.schema, given);
  kind.behaviour.complete?.(value as any);
  return value;
}

/** The minimal object of the kind with a merge patch applied, as the server holds it after creation. */
export function created(key: string, patch: Json = {}): any {
  const kind = kindOf(key);
  const object = completed(
    kind,
    mergePatch(
      { metadata: { name: 'x', ...(kind.namespaced ? { namespace: 'n' } : {}) }, ...minimalObjects[key] },
      patch,
    ),
  );
  object.metadata.uid = 'uid';
  (kind.hub?.kind ?? kind).behaviour.prepareCreate?.(object, hooks);
  // As the store gives it back.
  return completed(kind, JSON.parse(JSON.stringify(object)));
}

/** As the registry keeps it: converted where another version is the stored one. */
function stored(kind: Kind<any>, object: any): any {
  return kind.hub ? completed(kind.hub.kind, kind.hub.toHub(object)) : object;
}

function storedKind(key: string): { readonly kind: Kind<any>; readonly speaking: HookContext } {
  const kind = kindOf(key);
  return { kind: kind.hub?.kind ?? kind, speaking: { ...hooks, apiVersion: apiVersionOf(kind) } };
}

/** What was found by hand and what the type declares, as a client is told. */
function texts(at: Field, kind: Kind<any>, next: object, previous?: object): readonly string[] {
  const declared = kind.declared?.validate(kind.schema, next, previous, hooks.isOn) ?? [];
  return withDeclared(at.errors, declared).map(({ field, message }) => `${field}: ${message}`);
}

/** What is wrong with the minimal object under a merge patch. */
export function refusals(key: string, patch: Json = {}): readonly string[] {
  const { kind, speaking } = storedKind(key);
  const sent = created(key, patch);
  const object = stored(kindOf(key), sent);
  const at = new Field();
  const nameErrors = (name: string): readonly string[] =>
    kind.behaviour.validateName?.(name, false, object) ?? dnsSubdomainErrors(name);
  validateObjectMeta(object.metadata, { namespaced: kind.namespaced, nameErrors }, at.at('metadata'));
  kind.behaviour.validate?.(object, at, speaking);
  kind.behaviour.validateCreate?.(object, at, speaking);
  return texts(at, kindOf(key), sent);
}

/** What is wrong with changing the minimal object (under one patch) by another. */
export function updateRefusals(key: string, change: Json, before: Json = {}): readonly string[] {
  const { kind, speaking } = storedKind(key);
  const held = created(key, before);
  const previous = stored(kindOf(key), held);
  const sent = completed(kindOf(key), mergePatch(held, change));
  const next = stored(kindOf(key), sent);
  kind.behaviour.prepareUpdate?.(next, previous, speaking);
  const at = new Field();
  kind.behaviour.validate?.(next, at, speaking);
  kind.behaviour.validateUpdate?.(next, previous, at, speaking);
  return texts(at, kindOf(key), kindOf(key).hub?.fromHub(next) ?? next, held);
}

/** What whoever makes the minimal object under a merge patch is warned of, and whoever changes it to that from another. */
export function warned(key: string, patch: Json = {}, before?: Json): readonly string[] {
  const { kind } = storedKind(key);
  const [next, previous] = [patch, before].map((one) => one && stored(kindOf(key), created(key, one)));
  return kind.behaviour.warnings?.(next, previous) ?? [];
}

/** What is wrong with writing through a subresource. */
export function partRefusals(key: string, part: string, change: Json, before: Json = {}): readonly string[] {
  const kind = kindOf(key);
  const held = created(key);
  const previous = completed(kind, mergePatch(held, before));
  const found = kind.behaviour.parts?.[part];
  assert.ok(found, `${key} has no ${part}`);
  const merged = found.merge(completed(kind, mergePatch(previous, change)), previous);
  found.prepare?.(merged, previous, hooks);
  const at = new Field();
  found.validate?.(merged, previous, at, hooks);
  return texts(at, kind, merged, previous);
}

/** A table of merge patches of one kind, and what each is told. */
export function table(key: string, rows: readonly (readonly [patch: Json, ...expected: readonly string[]])[]): void {
  for (const [patch, ...expected] of rows)
    assert.deepEqual(refusals(key, patch), expected, `${key} ${JSON.stringify(patch)}`);
}
