import { dns1035LabelErrors, dnsSubdomainErrors, type Field, type Kind, type Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { labelSelector } from '../../checks/selectors.ts';
import { each, named, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../generated/types/admissionregistration-v1.ts';
import { validateClient, validateConditions, validateRule } from './matching.ts';

const SECONDS_DEFAULT = 10;
const SECONDS_MAX = 30;
const HTTPS = 443;
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

export const validatingWebhookConfiguration: Kind<ValidatingWebhookConfiguration> =
  builtIn<ValidatingWebhookConfiguration>('admissionregistration.k8s.io/v1.ValidatingWebhookConfiguration', {
    columns: columnsOf('admissionregistration.k8s.io/ValidatingWebhookConfiguration', {
      Webhooks: (c) => c.webhooks?.length ?? 0,
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete: (c) => c.webhooks?.forEach(complete),
      validate: (c, at) => validateWebhooks(c.webhooks, at.at('webhooks')),
    },
  });

export const mutatingWebhookConfiguration: Kind<MutatingWebhookConfiguration> = builtIn<MutatingWebhookConfiguration>(
  'admissionregistration.k8s.io/v1.MutatingWebhookConfiguration',
  {
    columns: columnsOf('admissionregistration.k8s.io/MutatingWebhookConfiguration', {
      Webhooks: (c) => c.webhooks?.length ?? 0,
    }),
    behaviour: {
      updatesUnconditionally: false,
      complete(c) {
        for (const webhook of c.webhooks ?? []) {
          complete(webhook);
          webhook.reinvocationPolicy ??= 'Never';
        }
      },
      validate: (c, at) => validateWebhooks(c.webhooks, at.at('webhooks')),
    },
  },
);

function complete(webhook: Mutable<Webhook>): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= SECONDS_DEFAULT;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  if (webhook.clientConfig.service) webhook.clientConfig.service.port ??= HTTPS;
}

function validateWebhooks(webhooks: readonly Webhook[] | undefined, at: Field): void {
  const names = new Set<string>();
  each(webhooks, at, (webhook, here) => {
    validateWebhook(webhook, here);
    if (webhook.name && names.has(webhook.name)) here.at('name').duplicate(webhook.name);
    names.add(webhook.name);
  });
}

function validateWebhook(webhook: Webhook, at: Field): void {
  validateQualifiedDomain(webhook.name, at.at('name'));
  each(webhook.rules, at.at('rules'), validateRule);
  if (webhook.failurePolicy !== undefined)
    supportedValue(webhook.failurePolicy, ['Fail', 'Ignore'], at.at('failurePolicy'));
  if (webhook.matchPolicy !== undefined)
    supportedValue(webhook.matchPolicy, ['Equivalent', 'Exact'], at.at('matchPolicy'));
  if (!webhook.sideEffects) at.at('sideEffects').required('must specify one of None, NoneOnDryRun');
  else supportedValue(webhook.sideEffects, ['None', 'NoneOnDryRun'], at.at('sideEffects'));
  const { timeoutSeconds: seconds } = webhook;
  if (seconds !== undefined && (seconds < 1 || seconds > SECONDS_MAX)) {
    at.at('timeoutSeconds').invalid(seconds, `the timeout value must be between 1 and ${SECONDS_MAX} seconds`);
  }
  labelSelector(webhook.namespaceSelector, at.at('namespaceSelector'));
  labelSelector(webhook.objectSelector, at.at('objectSelector'));
  if (webhook.reinvocationPolicy !== undefined)
    supportedValue(webhook.reinvocationPolicy, ['IfNeeded', 'Never'], at.at('reinvocationPolicy'));
  validateClient(webhook.clientConfig, at.at('clientConfig'));
  validateConditions(webhook.matchConditions, at.at('matchConditions'));
  validateVersions(webhook.admissionReviewVersions, at.at('admissionReviewVersions'));
}

function validateQualifiedDomain(name: string, at: Field): void {
  if (!name) return at.required();
  const errors = dnsSubdomainErrors(name);
  if (errors.length > 0) return at.invalid(name, errors.join(','));
  if (name.split('.').length < 3) at.invalid(name, 'should be a domain with at least three segments separated by dots');
}

function validateVersions(versions: readonly string[] = [], at: Field): void {
  if (versions.length === 0) return at.required(`must specify one of ${REVIEW_VERSIONS.join(', ')}`);
  const seen = new Set<string>();
  each(versions, at, (version, here) => {
    if (seen.has(version)) return here.invalid(version, 'duplicate version');
    seen.add(version);
    named(version, dns1035LabelErrors, here);
  });
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version)))
    at.invalid(versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
}
