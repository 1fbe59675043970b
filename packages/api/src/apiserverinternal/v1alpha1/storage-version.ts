import { dns1035LabelErrors, dnsSubdomainErrors, type Field, type Kind, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { each, named } from '../../checks/values.ts';
import { columnsOf, firstOf } from '../../columns.ts';
import type {
  ServerStorageVersion,
  StorageVersion,
  StorageVersionCondition,
} from '../../generated/types/apiserverinternal-v1alpha1.ts';
import { statusPart } from '../../parts.ts';

const SHOWN_MAX = 3;

/** In which versions servers write and read a resource (KEP-2339). */
export const storageVersion: Kind<StorageVersion> = builtIn<StorageVersion>(
  'internal.apiserver.k8s.io/v1alpha1.StorageVersion',
  {
    columns: columnsOf('internal.apiserver.k8s.io/StorageVersion', {
      CommonEncodingVersion: (v) => v.status.commonEncodingVersion ?? '<unset>',
      StorageVersions: (v) =>
        firstOf(
          (v.status.storageVersions ?? []).map((one) => `${one.apiServerID}=${one.encodingVersion}`),
          SHOWN_MAX,
        ) || '<unset>',
    }),
    behaviour: {
      updatesUnconditionally: false,
      desired: false,
      validateName: nameErrors,
      prepareCreate(v) {
        v.status = {};
      },
      parts: {
        status: statusPart<StorageVersion>({
          validate: ({ status }, _previous, at) => validateStatus(status, at.at('status')),
        }),
      },
    },
  },
);

/** `<group>.<resource>` */
function nameErrors(name: string): readonly string[] {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return ['name must be in the form of <group>.<resource>'];
  return [
    ...dnsSubdomainErrors(name.slice(0, dot)).map((error) => `the group segment ${error}`),
    ...dns1035LabelErrors(name.slice(dot + 1)).map((error) => `the resource segment ${error}`),
  ];
}

function validateStatus(status: StorageVersion['status'], at: Field): void {
  const servers = status.storageVersions ?? [];
  each(servers, at.at('storageVersions'), validateServer);
  const [first] = servers;
  const common =
    first && servers.every(({ encodingVersion }) => encodingVersion === first.encodingVersion)
      ? first.encodingVersion
      : undefined;
  const here = at.at('commonEncodingVersion');
  const said = status.commonEncodingVersion;
  if (common === undefined) {
    if (said !== undefined)
      here.invalid(
        said,
        'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
      );
  } else if (said === undefined) here.invalid(said, `the common encoding version is ${common}`);
  else if (said !== common) here.invalid(said, `the actual common encoding version is ${common}`);
  validateConditions(status.conditions ?? [], at);
}

function validateServer({ apiServerID, encodingVersion, decodableVersions }: ServerStorageVersion, at: Field): void {
  named(apiServerID, dnsSubdomainErrors, at.at('apiServerID'));
  apiVersion(encodingVersion, at.at('encodingVersion'));
  each(decodableVersions, at.at('decodableVersions'), apiVersion);
  if (!(decodableVersions ?? []).includes(encodingVersion))
    at.at('decodableVersions').invalid(
      decodableVersions ?? null,
      `decodableVersions must include encodingVersion ${encodingVersion}`,
    );
}

function apiVersion(text: string, at: Field): void {
  const errors = apiVersionErrors(text);
  if (errors.length > 0) at.invalid(text, errors.join(','));
}

const NO_VERSION =
  "an apiVersion is a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character " +
  "(e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')";

function apiVersionErrors(text: string): readonly string[] {
  const parts = text.split('/');
  if (parts.length > 2) return [NO_VERSION];
  const version = parts.at(-1) ?? '';
  const group = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const inPart = (part: string, value: string, errors: (value: string) => readonly string[]): readonly string[] =>
    (value === '' ? ['must be non-empty'] : errors(value)).map((error) => `${part} part: ${error}`);
  return [
    ...(group === undefined ? [] : inPart('group', group, dnsSubdomainErrors)),
    ...inPart('version', version, dns1035LabelErrors),
  ];
}

/** Upstream looks for them in the status itself. */
function validateConditions(conditions: readonly StorageVersionCondition[], at: Field): void {
  const seen = new Map<string, number>();
  each(conditions, at, ({ type, status, reason, message }, here, i) => {
    const first = seen.get(type);
    if (first !== undefined)
      here.at('type').invalid(type, `the type of the condition is not unique, it also appears in conditions[${first}]`);
    seen.set(type, i);
    named(type, qualifiedNameErrors, here.at('type'));
    for (const error of qualifiedNameErrors(status)) here.at('status').invalid(type, error);
    if (!reason) here.at('reason').required('reason cannot be empty');
    if (!message) here.at('message').required('message cannot be empty');
  });
}
