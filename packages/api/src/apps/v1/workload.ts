import { compileLabelSelector, type Field, type LabelSelector } from '@navarch/machinery';
import { isEmptySelector, labelSelector } from '../../checks/selectors.ts';
import type { PodTemplateSpec } from '../../generated/types/core-v1.ts';

/** A selector that finds something; `kind` as the message names it. */
export function validateSelector(selector: LabelSelector | undefined, kind: string, at: Field): void {
  if (!selector) return at.required();
  labelSelector(selector, at);
  if (isEmptySelector(selector)) at.invalid(selector, `empty selector is invalid for ${kind}`);
}

/** The template must make pods that the kind's own selector finds; none finds nothing. */
export function validateSelected(selector: LabelSelector | undefined, template: PodTemplateSpec, at: Field): void {
  if (selector && isEmptySelector(selector)) return;
  const { labels } = template.metadata;
  if (!compileLabelSelector(selector).matches(labels)) at.at('metadata', 'labels').invalid(labels ?? null, '`selector` does not match template `labels`');
}
