import {
  type Field,
  type LabelSelector,
  labelValueErrors,
  qualifiedNameErrors,
  validateLabels,
} from '@navarch/machinery';
import { each, named } from './values.ts';

/** metav1.LabelSelector. */
export function labelSelector(selector: LabelSelector | undefined, at: Field): void {
  if (!selector) return;
  validateLabels(selector.matchLabels, at.at('matchLabels'));
  each(selector.matchExpressions, at.at('matchExpressions'), ({ key, operator, values = [] }, here) => {
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) here.at('values').required("must be specified when `operator` is 'In' or 'NotIn'");
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0)
          here.at('values').forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        break;
      default:
        here.at('operator').invalid(operator, 'not a valid selector operator');
    }
    named(key, qualifiedNameErrors, here.at('key'));
    each(values, here.at('values'), (value, place) => named(value, labelValueErrors, place));
  });
}

export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;
