import type { ServeOptions } from '@navarch/apiserver';
import { UserError } from '../user-error.ts';

/** Reads --enable-admission-plugins and --disable-admission-plugins. Throws UserError for plugins that nobody knows, and for those that are wanted and not there. */
export function admissionPlugins(
  wanted: readonly string[],
  disabled: readonly string[],
): Pick<ServeOptions, 'disabledAdmission' | 'enabledAdmission'> {
  for (const [flag, names] of [
    ['enable', wanted],
    ['disable', disabled],
  ] as const) {
    const unknown = names.find((name) => !PLUGINS.has(name) && !ABSENT_PLUGINS.has(name));
    if (unknown !== undefined)
      throw new UserError(`${flag}-admission-plugins plugin ${JSON.stringify(unknown)} is unknown`);
  }
  const both = wanted.filter((name) => disabled.includes(name));
  if (both.length > 0)
    throw new UserError(`[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  const absent = wanted.find((name) => ABSENT_PLUGINS.has(name));
  if (absent !== undefined)
    throw new UserError(`--enable-admission-plugins=${absent} cannot be followed: there is no such plugin here`);
  return { enabledAdmission: wanted, disabledAdmission: disabled };
}

/** Upstream's plugins that are here, or have nothing to do here. */
const PLUGINS: ReadonlySet<string> = new Set([
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'ClusterTrustBundleAttest',
  'DefaultIngressClass',
  'DefaultStorageClass',
  'DefaultTolerationSeconds',
  'JobValidation',
  'LimitRanger',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'NamespaceLifecycle',
  'NodeDeclaredFeatureValidator',
  'NodeRestriction',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'PodGroupProtection',
  'PodResizeValidator',
  'PodSecurity',
  'PodTopologyLabels',
  'Priority',
  'ResourceQuota',
  'RuntimeClass',
  'ServiceAccount',
  'StorageObjectInUseProtection',
  'TaintNodesByCondition',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
]);

/** Upstream's plugins that are off at first and have no counterpart here. */
const ABSENT_PLUGINS: ReadonlySet<string> = new Set([
  'AlwaysAdmit',
  'AlwaysDeny',
  'AlwaysPullImages',
  'DenyServiceExternalIPs',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'ImagePolicyWebhook',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceAutoProvision',
  'NamespaceExists',
  'PodNodeSelector',
  'PodTolerationRestriction',
]);
