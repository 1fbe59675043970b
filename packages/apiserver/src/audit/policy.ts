import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../request-info.ts';

export const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof LEVELS)[number];
const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof STAGES)[number];

/** What is written of one request. */
export interface Verdict {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Rule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

interface PolicyFile {
  readonly rules?: readonly Rule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

const NONE: Verdict = { level: 'None', omitStages: new Set(), omitManagedFields: false };
const API_VERSION = 'audit.k8s.io/v1';

/** Which requests are written to the audit log, and how much of them (audit.k8s.io/v1 Policy): the first rule that matches. */
export class AuditPolicy {
  readonly #rules: readonly (readonly [Rule, Verdict])[];

  /** Throws an Error in upstream's words for a document that is no policy. */
  constructor(document: unknown) {
    const policy = checked(document);
    this.#rules = (policy.rules ?? []).map((rule) => [
      rule,
      {
        level: rule.level,
        omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
        omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
      },
    ]);
  }

  of(user: User, info: RequestInfo): Verdict {
    return this.#rules.find(([rule]) => matches(rule, user, info))?.[1] ?? NONE;
  }
}

function matches(rule: Rule, user: User, info: RequestInfo): boolean {
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [], nonResourceURLs = [] } = rule;
  if (users.length > 0 && !users.includes(user.name)) return false;
  if (userGroups.length > 0 && !user.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(info.verb)) return false;
  if (resources.length === 0 && namespaces.length === 0 && nonResourceURLs.length === 0) return true;
  if (!info.isResource)
    return nonResourceURLs.some((pattern) =>
      pattern.endsWith('*') ? info.path.startsWith(pattern.slice(0, -1)) : pattern === info.path,
    );
  if (resources.length === 0 && namespaces.length === 0) return false;
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false;
  return resources.length === 0 || resources.some((one) => holds(one, info));
}

/** `pods` is not its subresources; `pods/*` is only those, a bare `*` everything, `*` with a part that part of all. */
function holds({ group = '', resources = [], resourceNames = [] }: GroupResources, info: RequestInfo): boolean {
  if (group !== info.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(info.name)) return false;
  const asked = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  return resources.some(
    (one) =>
      one === '*' ||
      one === asked ||
      (info.subresource !== '' && (one === `${info.resource}/*` || one === `*/${info.subresource}`)),
  );
}

function checked(document: unknown): PolicyFile {
  if (!isRecord(document)) throw new Error('the audit policy is no object');
  const { apiVersion, kind } = document;
  if (apiVersion !== API_VERSION || kind !== 'Policy')
    throw new Error(
      `no kind "Policy" in ${API_VERSION} is said, but ${JSON.stringify(kind)} in ${JSON.stringify(apiVersion)}`,
    );
  const policy = document as PolicyFile;
  const rules = policy.rules ?? [];
  if (!Array.isArray(rules) || rules.length === 0) throw new Error('loaded illegal policy with 0 rules');
  const problems = [
    ...stageProblems('omitStages', policy.omitStages),
    ...rules.flatMap((rule: Rule, i) => ruleProblems(`rules[${i}]`, rule)),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
  return policy;
}

function ruleProblems(at: string, rule: Rule): readonly string[] {
  if (!isRecord(rule)) return [`${at}: must be an object`];
  const problems = [...stageProblems(`${at}.omitStages`, rule.omitStages)];
  if (!LEVELS.includes(rule.level))
    problems.push(
      rule.level
        ? `${at}.level: Unsupported value: ${JSON.stringify(rule.level)}: supported values: ${quoted(LEVELS)}`
        : `${at}.level: Required value`,
    );
  for (const list of ['users', 'userGroups', 'verbs', 'resources', 'namespaces', 'nonResourceURLs'] as const) {
    if (rule[list] !== undefined && rule[list] !== null && !Array.isArray(rule[list]))
      problems.push(`${at}.${list}: must be a list`);
  }
  if (problems.length > 0) return problems;
  const { nonResourceURLs = [], resources = [], namespaces = [] } = rule;
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0))
    problems.push(
      `${at}.nonResourceURLs: Invalid value: rules cannot apply to both regular resources and non-resource URLs`,
    );
  for (const [i, url] of nonResourceURLs.entries()) {
    if (url === '*') continue;
    if (!url.startsWith('/'))
      problems.push(
        `${at}.nonResourceURLs[${i}]: Invalid value: ${JSON.stringify(url)}: non-resource URL rules must begin with a '/' character`,
      );
    if (url.slice(0, -1).includes('*'))
      problems.push(
        `${at}.nonResourceURLs[${i}]: Invalid value: ${JSON.stringify(url)}: non-resource URL wildcards '*' must be the final character of the rule`,
      );
  }
  for (const [i, { group = '', resources: names = [], resourceNames = [] }] of resources.entries()) {
    if (group.includes('/'))
      problems.push(
        `${at}.resources[${i}].group: Invalid value: ${JSON.stringify(group)}: must not include the version`,
      );
    if (resourceNames.length > 0 && names.length === 0)
      problems.push(
        `${at}.resources[${i}].resourceNames: Invalid value: using resourceNames requires at least one resource`,
      );
  }
  return problems;
}

const stageProblems = (at: string, stages: readonly Stage[] | undefined): readonly string[] =>
  (stages ?? []).flatMap((stage, i) =>
    STAGES.includes(stage)
      ? []
      : [`${at}[${i}]: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${quoted(STAGES)}`],
  );

const quoted = (list: readonly string[]): string => list.map((text) => JSON.stringify(text)).join(', ');
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
