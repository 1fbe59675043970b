import { compileLabelSelector, type Field, formatSelector, type LabelSelector } from '@navarch/machinery';
import type { PodTemplateSpec } from '../../generated/types/core-v1.ts';

/** What every kind that runs pods from a template checks: the template must be one its own selector finds. */
export function validateSelector(selector: LabelSelector | undefined, template: PodTemplateSpec, at: Field): void {
  const isEmpty = !selector || (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0);
  if (!selector) at.at('selector').required();
  else if (isEmpty) at.at('selector').invalid(selector, 'empty selector is invalid for deployment');
  else if (!compileLabelSelector(selector).matches(template.metadata?.labels)) {
    at.at('template', 'metadata', 'labels').invalid(template.metadata?.labels, '`selector` does not match template `labels`');
  }
}

export function validateAlwaysRestarts(template: PodTemplateSpec, at: Field): void {
  if (template.spec.restartPolicy !== 'Always') at.at('template', 'spec', 'restartPolicy').notSupported(template.spec.restartPolicy, ['Always']);
}

export function notNegative(value: number | undefined, at: Field): void {
  if ((value ?? 0) < 0) at.invalid(value, 'must be greater than or equal to 0');
}

export const selectorText = (selector: LabelSelector | undefined): string => formatSelector(compileLabelSelector(selector)) || '<none>';

export const containerNames = (template: PodTemplateSpec): string => template.spec.containers.map((c) => c.name).join(',');
export const containerImages = (template: PodTemplateSpec): string => template.spec.containers.map((c) => c.image ?? '').join(',');
