import { dnsLabelErrors, dnsSubdomainErrors, equalJson, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { shown } from '../../checks/shown.ts';
import { each, named, requiredName } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { FlowSchema, PolicyRulesWithSubjects, Subject } from '../../generated/types/flowcontrol-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { fixedSchemas, validateConditionTypes } from './fixed.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const METHODS = ['ByNamespace', 'ByUser'];
const PRECEDENCE_MAX = 10_000;
const PRECEDENCE_DEFAULT = 1000;

export const flowSchema: Kind<FlowSchema> = builtIn<FlowSchema>('flowcontrol.apiserver.k8s.io/v1.FlowSchema', {
  columns: columnsOf('flowcontrol.apiserver.k8s.io/FlowSchema', {
    PriorityLevel: (f) => f.spec.priorityLevelConfiguration.name,
    MatchingPrecedence: (f) => f.spec.matchingPrecedence,
    DistinguisherMethod: (f) => f.spec.distinguisherMethod?.type ?? '<none>',
    MissingPL: (f) => f.status.conditions?.find((condition) => condition.type === 'Dangling')?.status ?? '?',
  }),
  behaviour: {
    complete({ spec }) {
      if (spec.matchingPrecedence === 0) spec.matchingPrecedence = PRECEDENCE_DEFAULT;
    },
    prepareCreate(f) {
      f.status = {};
    },
    desired: (f) => [f.spec],
    validate({ metadata, spec }, at) {
      const here = at.at('spec');
      const {
        matchingPrecedence: precedence,
        distinguisherMethod: method,
        priorityLevelConfiguration: { name },
      } = spec;
      if (precedence <= 0) here.at('matchingPrecedence').invalid(precedence, 'must be a positive value');
      if (precedence > PRECEDENCE_MAX)
        here.at('matchingPrecedence').invalid(precedence, `must not be greater than ${PRECEDENCE_MAX}`);
      if (precedence === 1 && metadata.name !== 'exempt')
        here
          .at('matchingPrecedence')
          .invalid(precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
      if (method && !METHODS.includes(method.type))
        here
          .at('distinguisherMethod', 'type')
          .notSupported(shown('flowcontrol.v1.FlowDistinguisherMethod', method), METHODS);
      if (!name) here.at('priorityLevelConfiguration', 'name').required('must reference a priority level');
      else named(name, dnsSubdomainErrors, here.at('priorityLevelConfiguration', 'name'));
      each(spec.rules, here.at('rules'), validateRule);
      const fixed = fixedSchemas[metadata.name ?? ''];
      if (fixed && !equalJson(fixed, spec))
        here.invalid(
          shown('flowcontrol.v1.FlowSchemaSpec', spec),
          `spec of '${metadata.name}' must equal the fixed value`,
        );
    },
    parts: {
      status: statusOnlyPart<FlowSchema>({
        validate: ({ status }, _previous, at) =>
          validateConditionTypes(status.conditions, at.at('status', 'conditions')),
      }),
    },
  },
});

function validateRule(rules: PolicyRulesWithSubjects, at: Field): void {
  const subjects = rules.subjects ?? [];
  const { resourceRules = [], nonResourceRules = [] } = rules;
  if (subjects.length === 0) at.at('subjects').required('subjects must contain at least one value');
  each(subjects, at.at('subjects'), validateSubject);
  if (resourceRules.length === 0 && nonResourceRules.length === 0)
    at.required('at least one of resourceRules and nonResourceRules has to be non-empty');
  each(resourceRules, at.at('resourceRules'), (rule, here) => {
    wildcardAlone(rule.verbs, here.at('verbs'), 'verbs');
    wildcardAlone(rule.apiGroups, here.at('apiGroups'), 'resource rules must supply at least one api group');
    wildcardAlone(rule.resources, here.at('resources'), 'resource rules must supply at least one resource');
    if (!rule.namespaces?.length && !rule.clusterScope) {
      here.at('namespaces').required('resource rules that are not cluster scoped must supply at least one namespace');
    } else if (rule.namespaces?.includes('*')) {
      if (rule.namespaces.length > 1)
        here.at('namespaces').invalid(rule.namespaces, "if '*' is present, must not specify other namespaces");
    } else {
      each(rule.namespaces, here.at('namespaces'), (name, place) => {
        for (const error of dnsLabelErrors(name))
          place.invalid(name, `each member of this list must be '*' or a DNS-1123 label; ${error}`);
      });
    }
  });
  each(nonResourceRules, at.at('nonResourceRules'), (rule, here) => {
    wildcardAlone(rule.verbs, here.at('verbs'), 'verbs');
    const urls = rule.nonResourceURLs ?? [];
    const urlsAt = here.at('nonResourceURLs');
    if (urls.length === 0) urlsAt.required('nonResourceURLs must contain at least one value');
    else if (urls.includes('*') && urls.length > 1)
      urlsAt.invalid(urls, "if '*' is present, must not specify other non-resource URLs");
    if (!urls.includes('*')) each(urls, urlsAt, validateUrl);
  });
}

/** A path, or all below one when it ends with a star. */
function validateUrl(url: string, at: Field): void {
  if (url === '') return at.invalid(url, 'must not be empty');
  if (url === '/') return;
  if (!url.startsWith('/')) return at.invalid(url, 'must start with slash');
  if (url.includes(' ')) return at.invalid(url, 'must not contain white-space');
  if (url.includes('//')) return at.invalid(url, 'must not contain double slash');
  const stars = url.split('*').length - 1;
  if (stars > 1 || (stars === 1 && !url.endsWith('/*'))) at.invalid(url, 'wildcard can only do suffix matching');
}

function wildcardAlone(words: readonly string[] = [], at: Field, detail: string): void {
  const what = detail === 'verbs' ? 'verbs' : at.path.slice(at.path.lastIndexOf('.') + 1);
  if (words.length === 0) at.required(detail === 'verbs' ? 'verbs must contain at least one value' : detail);
  else if (words.includes('*') && words.length > 1) {
    at.invalid(words, `if '*' is present, must not specify other ${what === 'apiGroups' ? 'api groups' : what}`);
  } else if (what === 'verbs' && !words.includes('*') && words.some((word) => !VERBS.includes(word)))
    at.notSupported(words, VERBS);
}

function validateSubject({ kind, user, group, serviceAccount }: Subject, at: Field): void {
  const parts = {
    ServiceAccount: ['serviceAccount', serviceAccount],
    User: ['user', user],
    Group: ['group', group],
  } as const;
  const own = parts[kind as keyof typeof parts];
  if (!own) return at.at('kind').notSupported(kind, ['Group', 'ServiceAccount', 'User']);
  if (!own[1]) at.at(own[0]).required(`${own[0]} is required when subject kind is '${kind}'`);
  else if (!own[1].name) at.at(own[0], 'name').required();
  else if (own[0] === 'serviceAccount' && own[1].name !== '*')
    named(own[1].name, dnsSubdomainErrors, at.at('serviceAccount', 'name'));
  if (kind === 'ServiceAccount' && serviceAccount)
    requiredName(
      serviceAccount.namespace,
      dnsLabelErrors,
      at.at('serviceAccount', 'namespace'),
      'must specify namespace for service account',
    );
  for (const [other, [name, value]] of Object.entries(parts)) {
    if (other !== kind && value) at.at(name).forbidden(`${name} is forbidden when subject kind is not '${other}'`);
  }
}
