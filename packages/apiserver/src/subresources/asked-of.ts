import type { SubjectAccessReview } from '@navarch/api';
import {
  type Field,
  type FieldTerm,
  labelValueErrors,
  parseFieldSelector,
  parseLabelSelector,
  qualifiedNameErrors,
  StatusError,
} from '@navarch/machinery';
import type { Attributes } from '../auth/attributes.ts';

type Spec = SubjectAccessReview['spec'];
type ResourceAttributes = NonNullable<Spec['resourceAttributes']>;
type FieldSelector = NonNullable<ResourceAttributes['fieldSelector']>;
type LabelSelector = NonNullable<ResourceAttributes['labelSelector']>;

interface Asked {
  readonly attributes: Attributes;
  /** What was not understood of the selectors, as evaluationError tells it. */
  readonly errors: readonly string[];
}

/**
 * What a review asks of the authorizers. Of its selectors what cannot be understood narrows nothing, so that it never
 * allows more.
 */
export function askedOf({ resourceAttributes: wanted, nonResourceAttributes: url }: Spec): Asked {
  const fields = readFields(wanted?.fieldSelector);
  const labels = readLabels(wanted?.labelSelector);
  return {
    attributes: {
      isResource: wanted !== undefined,
      verb: wanted?.verb ?? url?.verb ?? '',
      group: wanted?.group ?? '',
      resource: wanted?.resource ?? '',
      subresource: wanted?.subresource ?? '',
      namespace: wanted?.namespace ?? '',
      name: wanted?.name ?? '',
      path: url?.path ?? '',
      fields: fields.terms,
      ...(labels.text === '' ? {} : { labels: labels.text }),
    },
    errors: [ignored('fieldSelector', fields), ignored('labelSelector', labels)].filter((text) => text !== ''),
  };
}

interface Read {
  /** `none`: all was understood. */
  readonly lost: 'none' | 'some' | 'all';
}

const ignored = (name: string, { lost }: Read): string =>
  lost === 'none'
    ? ''
    : `spec.resourceAttributes.${name} ${lost === 'some' ? 'partially ignored' : 'ignored'} due to parse error`;

/** Fields are compared with one value, and that is all. */
function readFields(selector: FieldSelector | undefined): Read & { readonly terms: readonly FieldTerm[] } {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (rawSelector !== '') {
    const terms = parsed(() => parseFieldSelector(rawSelector));
    return { terms: terms ?? [], lost: terms ? 'none' : 'all' };
  }
  const terms = requirements.flatMap(({ key, operator, values = [] }): readonly FieldTerm[] => {
    const [value] = values;
    return (operator === 'In' || operator === 'NotIn') && values.length === 1 && value !== undefined
      ? [{ field: key, isEqual: operator === 'In', value }]
      : [];
  });
  return { terms, lost: lostOf(terms.length, requirements.length) };
}

const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);

/** Only what is written as one text is compared by anybody; of requirements it is told whether they are understood. */
function readLabels(selector: LabelSelector | undefined): Read & { readonly text: string } {
  const { rawSelector = '', requirements = [] } = selector ?? {};
  if (rawSelector !== '') {
    const isGood = parsed(() => parseLabelSelector(rawSelector)) !== undefined;
    return { text: isGood ? rawSelector : '', lost: isGood ? 'none' : 'all' };
  }
  const known = requirements.filter(({ operator }) => OPERATORS.has(operator)).length;
  return { text: '', lost: lostOf(known, requirements.length) };
}

const lostOf = (known: number, all: number): Read['lost'] => (known === all ? 'none' : known === 0 ? 'all' : 'some');

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return undefined;
  }
}

/** Selectors are written as one text or as requirements (KEP-4601); operators of a later release are let through. */
export function checkSelectors({ fieldSelector, labelSelector }: ResourceAttributes, at: Field): void {
  if (fieldSelector) {
    const here = at.at('fieldSelector');
    checkForm(fieldSelector, here);
    fieldSelector.requirements?.forEach((requirement, i) => {
      const place = here.at('requirements').index(i);
      if (!requirement.key) place.at('key').required('must be specified');
      checkValues(requirement, place);
    });
  }
  if (labelSelector) {
    const here = at.at('labelSelector');
    checkForm(labelSelector, here);
    labelSelector.requirements?.forEach((requirement, i) => {
      const place = here.at('requirements').index(i);
      checkValues(requirement, place);
      for (const text of qualifiedNameErrors(requirement.key)) place.at('key').invalid(requirement.key, text);
      requirement.values?.forEach((value, j) => {
        for (const text of labelValueErrors(value)) place.at('values').index(j).invalid(value, text);
      });
    });
  }
}

function checkForm({ rawSelector = '', requirements = [] }: FieldSelector | LabelSelector, at: Field): void {
  if (rawSelector !== '' && requirements.length > 0)
    at.at('rawSelector').invalid(rawSelector, 'may not specified at the same time as requirements');
  if (rawSelector === '' && requirements.length === 0)
    at.at('requirements').required(`when ${at.path} is specified, requirements or rawSelector is required`);
}

function checkValues(
  { operator, values = [] }: { readonly operator: string; readonly values?: readonly string[] },
  at: Field,
): void {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    at.at('values').required("must be specified when `operator` is 'In' or 'NotIn'");
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    at.at('values').forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
}
