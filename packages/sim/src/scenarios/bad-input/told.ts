import assert from 'node:assert/strict';
import type { ApiObject } from '@navarch/machinery';
import { conditionOf } from '../drafts.ts';
import type { View } from '../view.ts';

/** An event about an object of the kind says so: the pattern is of `reason: message`. */
export function told(view: View, kind: string, text: RegExp): void {
  const all = view.events(kind);
  assert.ok(
    all.some((one) => text.test(one)),
    `no event about a ${kind} says ${text}: ${all.join(' | ')}`,
  );
}

type Conditioned = ApiObject & { readonly status: { readonly conditions?: readonly { readonly type: string }[] } };

/** A condition keeps the words of the first failure, as upstream's do: that may have been one of the network. */
const NETWORK = /^simulated: /;

/** A condition of the object says so. */
export function said(object: ApiObject | undefined, type: string, wanted: readonly [string, string, RegExp]): void {
  const { status, reason, message = '' } = conditionOf(object as Conditioned | undefined, type) ?? {};
  const [wantedStatus, wantedReason, text] = wanted;
  assert.deepEqual([status, reason], [wantedStatus, wantedReason], `${type}: ${message}`);
  if (!NETWORK.test(message)) assert.match(message, text);
}
