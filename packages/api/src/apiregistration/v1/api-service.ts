import { dns1035LabelErrors, dnsSubdomainErrors, type Field, type Kind, pathSegmentErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { base64Bytes, isPort, named, PORT_RANGE } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { statusOnlyPart } from '../../parts.ts';
import type { APIService, APIServiceSpec } from '../../generated/types/apiregistration-v1.ts';

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
const HTTPS = 443;

export const apiService: Kind<APIService> = builtIn<APIService>('apiregistration.k8s.io/v1.APIService', {
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  columns: columnsOf('apiregistration.k8s.io/APIService', {
    Service: ({ spec: { service } }) => (service ? `${service.namespace ?? ''}/${service.name ?? ''}` : 'Local'),
    Available: (a) => availableText(a),
  }),
  behaviour: {
    desired: false,
    updatesUnconditionally: false,
    // That of the core group ends in a dot.
    validateName: pathSegmentErrors,
    complete({ spec }) {
      if (spec.service) spec.service.port ??= HTTPS;
    },
    prepareCreate(a) {
      a.status = {};
      // Served by this very server: there is nothing to wait for.
      if (!a.spec.service)
        a.status.conditions = [
          { type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available' },
        ];
    },
    validate({ metadata, spec }, at) {
      const required = `${spec.version ?? ''}.${spec.group ?? ''}`;
      if (metadata.name !== required)
        at.at('metadata', 'name').invalid(
          metadata.name,
          `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(required)}`,
        );
      validateSpec(spec, at.at('spec'));
    },
    parts: { status: statusOnlyPart<APIService>({}) },
  },
});

function availableText({ status }: APIService): string {
  const condition = status.conditions?.find((c) => c.type === 'Available');
  if (!condition) return 'Unknown';
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`;
}

function validateSpec(spec: APIServiceSpec, at: Field): void {
  if (!spec.group) {
    if (spec.version !== 'v1') at.at('group').required('only v1 may have an empty group and it better be legacy kube');
  } else named(spec.group, dnsSubdomainErrors, at.at('group'));
  named(spec.version ?? '', dns1035LabelErrors, at.at('version'));
  if (spec.groupPriorityMinimum <= 0 || spec.groupPriorityMinimum > GROUP_PRIORITY_MAX) {
    at.at('groupPriorityMinimum').invalid(
      spec.groupPriorityMinimum,
      `must be positive and less than ${GROUP_PRIORITY_MAX}`,
    );
  }
  if (spec.versionPriority <= 0 || spec.versionPriority > VERSION_PRIORITY_MAX) {
    at.at('versionPriority').invalid(spec.versionPriority, `must be positive and less than ${VERSION_PRIORITY_MAX}`);
  }
  const { service, caBundle, insecureSkipTLSVerify } = spec;
  if (!service) {
    if (caBundle)
      at.at('caBundle').invalid(`${base64Bytes(caBundle)} bytes`, 'local APIServices may not have a caBundle');
    if (insecureSkipTLSVerify)
      at.at('insecureSkipTLSVerify').invalid(
        insecureSkipTLSVerify,
        'local APIServices may not have insecureSkipTLSVerify',
      );
    return;
  }
  for (const name of ['namespace', 'name'] as const) if (!service[name]) at.at('service', name).required();
  if (service.port !== undefined && !isPort(service.port))
    at.at('service', 'port').invalid(service.port, 'port is not valid: '.concat(PORT_RANGE));
  if (insecureSkipTLSVerify && caBundle)
    at.at('insecureSkipTLSVerify').invalid(insecureSkipTLSVerify, 'may not be true if caBundle is present');
}
