import { badRequest, Field, type FieldTerm, invalid, parseFieldSelector } from '@navarch/machinery';
import type { Attributes } from '../auth/attributes.ts';
import type { User } from '../auth/user.ts';
import { bodyReader } from './body.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const GROUP = 'authorization.k8s.io';

interface ResourceAttributes extends Partial<
  Record<'namespace' | 'verb' | 'group' | 'resource' | 'subresource' | 'name', string>
> {
  readonly fieldSelector?: {
    readonly rawSelector?: string;
    readonly requirements?: readonly {
      readonly key: string;
      readonly operator: string;
      readonly values?: readonly string[];
    }[];
  };
}

interface AccessReview {
  readonly metadata: { readonly namespace?: string };
  readonly spec: {
    readonly user?: string;
    readonly groups?: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
    readonly resourceAttributes?: ResourceAttributes;
    readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  };
}

interface Review {
  readonly kind: string;
  /** Whom it asks about. */
  userOf(review: AccessReview, context: SubresourceContext): User;
  validate(review: AccessReview, at: Field, context: SubresourceContext): void;
}

/** A review answers what the authorizers would, about anybody or about who asks (authorization.k8s.io/v1). */
function accessReview({ kind, userOf, validate }: Review): Subresource {
  const read = bodyReader<AccessReview>(`io.k8s.api.authorization.v1.${kind}`, `${GROUP}/v1`, kind);
  return defineSubresource({
    at: `${GROUP}/${kind.toLowerCase()}s`,
    async answer(body, context) {
      const review = read(body);
      const { spec } = review;
      const at = new Field();
      if (!spec.resourceAttributes === !spec.nonResourceAttributes) {
        const what = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
        if (spec.resourceAttributes)
          at.at('spec.nonResourceAttributes').invalid(
            spec.nonResourceAttributes,
            'cannot be specified in combination with resourceAttributes',
          );
        else at.at('spec.resourceAttributes').invalid(undefined, what);
      }
      validate(review, at.at('spec'), context);
      if (at.errors.length > 0) throw invalid({ group: GROUP, kind }, '', at.errors);
      const { verdict, reason } = context.access.decide(userOf(review, context), attributesOf(spec));
      const status = {
        allowed: verdict === 'allow',
        ...(verdict === 'deny' ? { denied: true } : {}),
        ...(reason === '' ? {} : { reason }),
      };
      return { status: 201, value: { kind, apiVersion: `${GROUP}/v1`, metadata: review.metadata, spec, status } };
    },
  });
}

function attributesOf({ resourceAttributes: wanted, nonResourceAttributes: url }: AccessReview['spec']): Attributes {
  return {
    isResource: wanted !== undefined,
    verb: wanted?.verb ?? url?.verb ?? '',
    group: wanted?.group ?? '',
    resource: wanted?.resource ?? '',
    subresource: wanted?.subresource ?? '',
    namespace: wanted?.namespace ?? '',
    name: wanted?.name ?? '',
    path: url?.path ?? '',
    fields: selectedFields(wanted?.fieldSelector),
  };
}

/** What cannot be understood narrows nothing, so that it never allows more. */
function selectedFields(selector: ResourceAttributes['fieldSelector']): readonly FieldTerm[] {
  if (selector?.rawSelector) return parseFieldSelector(selector.rawSelector);
  return (selector?.requirements ?? []).flatMap(({ key, operator, values = [] }) => {
    const [value] = values;
    return operator === 'In' && values.length === 1 && value !== undefined
      ? [{ field: key, isEqual: true, value }]
      : [];
  });
}

const named = ({ spec }: AccessReview): User => ({
  name: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid ? { uid: spec.uid } : {}),
  ...(spec.extra ? { extra: spec.extra } : {}),
});

function needsSomebody({ spec }: AccessReview, at: Field): void {
  if (!spec.user && !spec.groups?.length) at.at('user').invalid('', 'at least one of user or group must be specified');
}

const readRules = bodyReader<{ readonly spec: { readonly namespace?: string } }>(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  `${GROUP}/v1`,
  'SelfSubjectRulesReview',
);

/** What `kubectl auth can-i --list` shows. */
const rulesReview: Subresource['answer'] = async (body, { access, user }) => {
  const { namespace = '' } = readRules(body).spec;
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, errors } = access.rules(user, namespace);
  return {
    status: 201,
    value: {
      kind: 'SelfSubjectRulesReview',
      apiVersion: `${GROUP}/v1`,
      metadata: {},
      spec: {},
      status: {
        resourceRules: rules
          .filter((r) => r.resources?.length)
          .map(({ verbs, apiGroups, resources, resourceNames }) => ({
            verbs,
            apiGroups,
            resources,
            ...(resourceNames ? { resourceNames } : {}),
          })),
        nonResourceRules: rules
          .filter((r) => r.nonResourceURLs?.length)
          .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
        incomplete: errors.length > 0,
        ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
      },
    },
  };
};

export const accessReviews: readonly Subresource[] = [
  accessReview({ kind: 'SubjectAccessReview', userOf: named, validate: needsSomebody }),
  accessReview({ kind: 'SelfSubjectAccessReview', userOf: (_review, { user }) => user, validate: () => undefined }),
  accessReview({
    kind: 'LocalSubjectAccessReview',
    userOf: named,
    validate(review, at, { info }) {
      needsSomebody(review, at);
      // Who may ask in one namespace may not ask about another.
      const asked = review.spec.resourceAttributes?.namespace ?? '';
      if (review.spec.nonResourceAttributes)
        at.at('nonResourceAttributes').invalid(review.spec.nonResourceAttributes, 'disallowed on this kind of request');
      else if (asked !== info.namespace)
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${info.namespace}`);
    },
  }),
  defineSubresource({ at: `${GROUP}/selfsubjectrulesreviews`, answer: rulesReview }),
];
