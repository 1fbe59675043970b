import {
  compileJsonPath,
  dns1035LabelErrors,
  dnsSubdomainErrors,
  type Field,
  JsonPathError,
  type Kind,
  pathSegmentErrors,
  qualifiedNameErrors,
} from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { validateConditions as validateStatusConditions } from '../../checks/conditions.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { bytesOf, declaredValue, each, named, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  Mutation,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicySpec,
  Validation,
  Variable,
} from '../../generated/types/admissionregistration-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { completeMatch, validateConditions, validateMatch } from './matching.ts';

type Group = 'admissionregistration.k8s.io';
const GROUP: Group = 'admissionregistration.k8s.io';

const paramKindText = (kind: ParamKind | undefined): string =>
  kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';

function paramRefText(ref: ParamRef | undefined): string {
  if (!ref) return '<unset>';
  if (ref.name) return `${ref.namespace ?? '*'}/${ref.name}`;
  return ref.selector ? JSON.stringify(ref.selector.matchLabels ?? {}) : '<unset>';
}

export const validatingAdmissionPolicy: Kind<ValidatingAdmissionPolicy> = builtIn<ValidatingAdmissionPolicy>(
  `${GROUP}/v1.ValidatingAdmissionPolicy`,
  {
    columns: columnsOf('admissionregistration.k8s.io/ValidatingAdmissionPolicy', {
      Validations: (p) => p.spec.validations?.length ?? 0,
      ParamKind: (p) => paramKindText(p.spec.paramKind),
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete({ spec }) {
        spec.failurePolicy ??= 'Fail';
        completeMatch(spec.matchConstraints);
      },
      prepareCreate(p) {
        p.status = {};
      },
      desired: (p) => [p.spec],
      validate: ({ metadata, spec }, at) => validatePolicy(metadata.name ?? '', spec, at.at('spec')),
      parts: {
        status: statusOnlyPart<ValidatingAdmissionPolicy>({
          validate: ({ status }, _previous, at) => validateStatus(status, at.at('status')),
        }),
      },
    },
  },
);

export const mutatingAdmissionPolicy: Kind<MutatingAdmissionPolicy> = builtIn<MutatingAdmissionPolicy>(
  `${GROUP}/v1.MutatingAdmissionPolicy`,
  {
    columns: columnsOf('admissionregistration.k8s.io/MutatingAdmissionPolicy', {
      Mutations: (p) => p.spec.mutations?.length ?? 0,
      ParamKind: (p) => paramKindText(p.spec.paramKind),
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete({ spec }) {
        spec.failurePolicy ??= 'Fail';
        completeMatch(spec.matchConstraints);
      },
      validate({ spec }, at) {
        const here = at.at('spec');
        validateCommon(spec, here);
        if (!spec.mutations?.length) here.at('mutations').required('mutations must contain at least one item');
        each(spec.mutations, here.at('mutations'), validateMutation);
        if (!spec.reinvocationPolicy) here.at('reinvocationPolicy').required();
        else supportedValue(spec.reinvocationPolicy, ['IfNeeded', 'Never'], here.at('reinvocationPolicy'));
      },
    },
  },
);

interface Common {
  readonly paramKind?: ParamKind;
  readonly matchConstraints?: MatchResources;
  readonly failurePolicy?: string;
  readonly matchConditions?: Parameters<typeof validateConditions>[0];
  readonly variables?: readonly Variable[];
}

function validateCommon(spec: Common, at: Field): void {
  if (spec.failurePolicy === undefined) at.at('failurePolicy').required();
  else supportedValue(spec.failurePolicy, ['Fail', 'Ignore'], at.at('failurePolicy'));
  if (spec.paramKind) {
    validateParamKind(spec.paramKind, at.at('paramKind'));
  }
  if (!spec.matchConstraints) at.at('matchConstraints').required();
  else {
    validateMatch(spec.matchConstraints, at.at('matchConstraints'));
    if (!spec.matchConstraints.resourceRules?.length) at.at('matchConstraints', 'resourceRules').required();
  }
  validateConditions(spec.matchConditions, at.at('matchConditions'));
  each(spec.variables, at.at('variables'), ({ name, expression }, here) => {
    if (!name?.trim()) here.at('name').required('name is not specified');
    else if (!IDENTIFIER.test(name) || RESERVED.has(name))
      here.at('name').invalid(name, 'name is not a valid CEL identifier');
    if (!expression?.trim()) here.at('expression').required('expression is not specified');
  });
}

/** Names that expressions can use: identifiers of the language but for those that it keeps for itself. */
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const RESERVED = new Set([
  'true',
  'false',
  'null',
  'in',
  'as',
  'break',
  'const',
  'continue',
  'else',
  'for',
  'function',
  'if',
  'import',
  'let',
  'loop',
  'package',
  'namespace',
  'return',
  'var',
  'void',
  'while',
]);

function validateParamKind({ apiVersion = '', kind = '' }: ParamKind, at: Field): void {
  const here = at.at('apiVersion');
  const parts = apiVersion.split('/');
  if (apiVersion === '') here.required();
  else if (parts.length > 2) here.invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else {
    const [group, version] = parts.length === 2 ? parts : ['', apiVersion];
    if (group) joined(group, dnsSubdomainErrors(group), here);
    if (!version) here.invalid(apiVersion, 'version must be specified');
    else joined(version, dns1035LabelErrors(version), here);
  }
  if (kind === '') return at.at('kind').required();
  const errors = dns1035LabelErrors(kind.toLowerCase());
  if (errors.length > 0)
    at.at('kind').invalid(kind, `may have mixed case, but should otherwise match: ${errors.join(',')}`);
}

function joined(text: string, errors: readonly string[], at: Field): void {
  if (errors.length > 0) at.invalid(text, errors.join(','));
}

const AUDIT_KEY_MAX = 20;
const AUDIT_BYTES_MAX = 5 * 1024;
const NOTHING = 'validations or auditAnnotations must contain at least one item';

function validatePolicy(name: string, spec: ValidatingAdmissionPolicySpec, at: Field): void {
  validateCommon(spec, at);
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    at.at('validations').required(NOTHING);
    at.at('auditAnnotations').required(NOTHING);
    return;
  }
  each(spec.validations, at.at('validations'), validateValidation);
  const { auditAnnotations = [] } = spec;
  if (auditAnnotations.length > AUDIT_KEY_MAX) {
    const shown = auditAnnotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }));
    at.at('auditAnnotations').invalid(shown, `must not have more than ${AUDIT_KEY_MAX} auditAnnotations`);
  }
  const keys = new Set<string>();
  each(auditAnnotations, at.at('auditAnnotations'), ({ key, valueExpression }, here) => {
    const full = `${name}/${key}`;
    named(full, qualifiedNameErrors, here.at('key'));
    const source = valueExpression?.trim() ?? '';
    if (source === '') here.at('valueExpression').required('valueExpression is not specified');
    else if (bytesOf(source) > AUDIT_BYTES_MAX)
      here.at('valueExpression').required(`must not exceed ${AUDIT_BYTES_MAX} bytes in length`);
    if (keys.has(key)) here.at('key').duplicate(key);
    keys.add(key);
  });
}

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

function validateValidation({ expression, message, reason, messageExpression }: Validation, at: Field): void {
  if (!expression?.trim()) at.at('expression').required('expression is not specified');
  if (messageExpression && !messageExpression.trim())
    at.at('messageExpression').invalid(messageExpression, 'must be non-empty if specified');
  if (message && !message.trim()) at.at('message').invalid(message, 'message must be non-empty if specified');
  else if (message && /[\n\r]/.test(message.trim()))
    at.at('message').invalid(message, 'message must not contain line breaks');
  if (reason !== undefined) supportedValue(reason, REASONS, at.at('reason'));
}

/** What checking types found, as a controller writes it down. */
function validateStatus({ typeChecking, conditions }: ValidatingAdmissionPolicy['status'], at: Field): void {
  each(typeChecking?.expressionWarnings, at.at('typeChecking', 'expressionWarnings'), ({ fieldRef, warning }, here) => {
    if (!warning) here.at('warning').required();
    const path = fieldRef.trim();
    if (path === '') return here.at('fieldRef').required();
    try {
      compileJsonPath(`{${path}}`);
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      here.at('fieldRef').invalid(path, `invalid JSONPath: ${error.message}`);
    }
  });
  validateStatusConditions(conditions, at.at('conditions'));
}

function validateMutation({ patchType, applyConfiguration, jsonPatch }: Mutation, at: Field): void {
  switch (patchType) {
    case 'ApplyConfiguration':
      if (!applyConfiguration?.expression?.trim())
        at.at('applyConfiguration', 'expression').required('expression is not specified');
      if (jsonPatch) at.at('jsonPatch').forbidden('must not be set when patchType is ApplyConfiguration');
      break;
    case 'JSONPatch':
      if (!jsonPatch?.expression?.trim()) at.at('jsonPatch', 'expression').required('expression is not specified');
      if (applyConfiguration) at.at('applyConfiguration').forbidden('must not be set when patchType is JSONPatch');
      break;
    default:
      if (!patchType) at.at('patchType').required();
      else at.at('patchType').notSupported(patchType, ['ApplyConfiguration', 'JSONPatch']);
  }
}

export const validatingAdmissionPolicyBinding: Kind<ValidatingAdmissionPolicyBinding> =
  builtIn<ValidatingAdmissionPolicyBinding>(`${GROUP}/v1.ValidatingAdmissionPolicyBinding`, {
    columns: columnsOf('admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding', {
      PolicyName: (b) => b.spec.policyName,
      ParamRef: (b) => paramRefText(b.spec.paramRef),
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete: ({ spec }) => completeMatch(spec.matchResources),
      validate({ spec }, at) {
        const here = at.at('spec');
        validateBinding(spec, here);
        const actions = spec.validationActions ?? [];
        const actionsAt = here.at('validationActions');
        const seen = new Set<string>();
        each(actions, actionsAt, (action, place) => {
          supportedValue(action, ['Audit', 'Deny', 'Warn'], place);
          if (seen.has(action)) place.duplicate(action);
          seen.add(action);
        });
        if (seen.has('Deny') && seen.has('Warn'))
          actionsAt.invalid(
            actions,
            'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
          );
        if (actions.length === 0) actionsAt.required('at least one validation action is required');
      },
    },
  });

export const mutatingAdmissionPolicyBinding: Kind<MutatingAdmissionPolicyBinding> =
  builtIn<MutatingAdmissionPolicyBinding>(`${GROUP}/v1.MutatingAdmissionPolicyBinding`, {
    columns: columnsOf('admissionregistration.k8s.io/MutatingAdmissionPolicyBinding', {
      PolicyName: (b) => b.spec.policyName ?? '',
      ParamRef: (b) => paramRefText(b.spec.paramRef),
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete: ({ spec }) => completeMatch(spec.matchResources),
      validate: ({ spec }, at) => validateBinding(spec, at.at('spec')),
    },
  });

interface Binding {
  readonly policyName?: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
}

function validateBinding({ policyName, paramRef, matchResources }: Binding, at: Field): void {
  if (!policyName) at.at('policyName').required();
  else named(policyName, dnsSubdomainErrors, at.at('policyName'));
  if (paramRef) validateParamRef(paramRef, at.at('paramRef'));
  if (matchResources) validateMatch(matchResources, at.at('matchResources'));
}

function validateParamRef({ name, selector, parameterNotFoundAction: action }: ParamRef, at: Field): void {
  const EITHER = 'name and selector are mutually exclusive';
  if (name) {
    named(name, pathSegmentErrors, at.at('name'));
    if (selector) at.at('name').forbidden(EITHER);
  }
  if (selector) labelSelector(selector, at.at('selector'));
  if (selector && name) at.at('selector').forbidden(EITHER);
  if (!selector && !name) at.required('one of name or selector must be specified');
  declaredValue(action, ['Deny', 'Allow'], at.at('parameterNotFoundAction'));
}
