import { type ApiObject, compileLabelSelector, type Field, type LabelSelector } from '@navarch/machinery';
import { isEmptySelector, labelSelector } from '../../checks/selectors.ts';
import { templateWarnings } from '../../core/v1/pod-warnings.ts';
import type { PodTemplateSpec } from '../../generated/types/core-v1.ts';

/** A selector that finds something; `kind` as the message names it. False where it cannot be used at all, which `detail` says. */
export function validateSelector(
  selector: LabelSelector | undefined,
  kind: string,
  at: Field,
  detail = 'invalid label selector',
): boolean {
  if (!selector) {
    at.required();
    return true;
  }
  const before = at.errors.length;
  labelSelector(selector, at);
  const isUsable = at.errors.length === before;
  if (isEmptySelector(selector)) at.invalid(selector, `empty selector is invalid for ${kind}`);
  if (!isUsable) at.invalid(selector, detail);
  return isUsable;
}

/** The template must make pods that the kind's own selector finds; none finds nothing. */
export function validateSelected(selector: LabelSelector | undefined, template: PodTemplateSpec, at: Field): void {
  if (selector && isEmptySelector(selector)) return;
  const { labels } = template.metadata;
  if (!compileLabelSelector(selector).matches(labels))
    at.at('metadata', 'labels').invalid(labels ?? null, '`selector` does not match template `labels`');
}

/** How often names of revisions collided is only ever counted up. */
export function notDecremented(next: number | undefined, previous: number | undefined, at: Field): void {
  if (previous !== undefined && (next === undefined || next < previous)) at.invalid(next ?? 0, 'cannot be decremented');
}

interface Share {
  readonly maxUnavailable?: number | string;
  readonly maxSurge?: number | string;
}

/** A strategy as upstream's messages show it: by the names of its fields in Go, with what was not said. */
export function shownStrategy(type: string | undefined, rollingUpdate: Share | undefined): object {
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  return {
    Type: type ?? '',
    RollingUpdate: rollingUpdate ? { MaxUnavailable: maxUnavailable, MaxSurge: maxSurge } : null,
  };
}

/** Warnings about the pods of a workload: when it is made, and when what is desired changes. */
export function workloadWarnings(
  next: ApiObject & { readonly spec: { readonly template: PodTemplateSpec } },
  previous: ApiObject | undefined,
): readonly string[] {
  return previous && previous.metadata.generation === next.metadata.generation
    ? []
    : templateWarnings(next.metadata.name, next.spec.template, !previous);
}
