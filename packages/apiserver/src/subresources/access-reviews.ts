import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  type SelfSubjectRulesReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  type SubjectAccessReview,
} from '@navarch/api';
import { type ApiObject, badRequest, Field, invalid, type Kind } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import { askedOf, checkSelectors } from './asked-of.ts';
import { admitReview } from './admit-review.ts';
import { bodyReader } from './body.ts';
import { postedMeta } from './posted.ts';
import { defineSubresource, type Subresource, type SubresourceContext } from './subresource.ts';

const GROUP = 'authorization.k8s.io';

interface AccessReview extends ApiObject {
  readonly spec: SubjectAccessReview['spec'];
}

interface Review {
  readonly kind: Kind<any>;
  /** Whom it asks about. */
  userOf(review: AccessReview, context: SubresourceContext): User;
  validate(review: AccessReview, at: Field): void;
}

/** A review answers what the authorizers would, about anybody or about who asks (authorization.k8s.io/v1). */
function accessReview({ kind, userOf, validate }: Review): Subresource {
  const apiVersion = `${GROUP}/v1`;
  const read = bodyReader<AccessReview>(`io.k8s.api.authorization.v1.${kind.kind}`, apiVersion, kind.kind);
  return defineSubresource({
    at: `${GROUP}/${kind.plural}`,
    async answer(body, context) {
      const sent = read(body, context.call);
      await admitReview(kind, sent, context);
      const review = { ...sent, metadata: postedMeta(kind, sent, context) };
      const { spec, metadata } = review;
      const at = new Field();
      checkSpec(spec, at.at('spec'));
      validate(review, at);
      if (at.errors.length > 0) throw invalid({ group: GROUP, kind: '' }, '', at.errors);
      const { attributes, errors } = askedOf(spec);
      const { verdict, reason } = context.access.decide(userOf(review, context), attributes);
      const status = {
        allowed: verdict === 'allow',
        ...(verdict === 'deny' ? { denied: true } : {}),
        ...(reason === '' ? {} : { reason }),
        ...(errors.length === 0 ? {} : { evaluationError: errors.join('; ') }),
      };
      return { status: 201, value: { kind: kind.kind, apiVersion, metadata, spec, status } };
    },
  });
}

function checkSpec({ resourceAttributes, nonResourceAttributes }: AccessReview['spec'], at: Field): void {
  if (resourceAttributes && nonResourceAttributes)
    at.at('nonResourceAttributes').invalid(
      nonResourceAttributes,
      'cannot be specified in combination with resourceAttributes',
    );
  if (!resourceAttributes && !nonResourceAttributes)
    at.at('resourceAttributes').invalid(
      undefined,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  if (resourceAttributes) checkSelectors(resourceAttributes, at.at('resourceAttributes'));
}

const named = ({ spec }: AccessReview): User => ({
  name: spec.user ?? '',
  groups: spec.groups ?? [],
  ...(spec.uid ? { uid: spec.uid } : {}),
  ...(spec.extra ? { extra: spec.extra } : {}),
});

function needsSomebody({ spec }: AccessReview, at: Field): void {
  if (!spec.user && !spec.groups?.length)
    at.at('spec', 'user').invalid('', 'at least one of user or group must be specified');
}

/** It is of nobody and nowhere: nothing is stored that a name could stand for. */
function needsNoMeta({ metadata }: AccessReview, at: Field, but: '' | 'namespace' = ''): void {
  const { managedFields: _, namespace, ...rest } = metadata;
  if (Object.keys(rest).length > 0 || (but === '' && namespace))
    at.at('metadata').invalid(metadata, but === '' ? 'must be empty' : `must be empty except for ${but}`);
}

const readRules = bodyReader<SelfSubjectRulesReview>(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  `${GROUP}/v1`,
  selfSubjectRulesReview.kind,
);

/** What `kubectl auth can-i --list` shows. */
const rulesReview: Subresource['answer'] = async (body, context) => {
  const { access, user, call } = context;
  const sent = readRules(body, call);
  await admitReview(selfSubjectRulesReview, sent, context);
  const { namespace = '' } = sent.spec;
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, isIncomplete, error } = access.rules(user, namespace);
  return {
    status: 201,
    value: {
      kind: selfSubjectRulesReview.kind,
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
        incomplete: isIncomplete,
        ...(error === '' ? {} : { evaluationError: error }),
      },
    },
  };
};

export const accessReviews: readonly Subresource[] = [
  accessReview({
    kind: subjectAccessReview,
    userOf: named,
    validate(review, at) {
      needsSomebody(review, at);
      needsNoMeta(review, at);
    },
  }),
  accessReview({ kind: selfSubjectAccessReview, userOf: (_review, { user }) => user, validate: needsNoMeta }),
  accessReview({
    kind: localSubjectAccessReview,
    userOf: named,
    validate(review, at) {
      needsSomebody(review, at);
      needsNoMeta(review, at, 'namespace');
      const { resourceAttributes, nonResourceAttributes } = review.spec;
      const asked = resourceAttributes?.namespace ?? '';
      // Who may ask in one namespace may not ask about another.
      if (resourceAttributes && asked !== review.metadata.namespace)
        at.at('spec', 'resourceAttributes', 'namespace').invalid(asked, 'must match metadata.namespace');
      if (nonResourceAttributes)
        at.at('spec', 'nonResourceAttributes').invalid(nonResourceAttributes, 'disallowed on this kind of request');
    },
  }),
  defineSubresource({ at: `${GROUP}/${selfSubjectRulesReview.plural}`, answer: rulesReview }),
];
