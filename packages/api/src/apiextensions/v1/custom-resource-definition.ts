import { type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';
import { statusOnlyPart } from '../../parts.ts';
import { validateDefinition, validateDefinitionUpdate } from './definition-validation.ts';

const HTTPS = 443;

export const customResourceDefinition: Kind<CustomResourceDefinition> = builtIn<CustomResourceDefinition>('apiextensions.k8s.io/v1.CustomResourceDefinition', {
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  columns: columnsOf('apiextensions.k8s.io/CustomResourceDefinition', {}),
  behaviour: {
    updatesUnconditionally: false,
    complete({ spec, status }) {
      spec.names.singular ||= spec.names.kind.toLowerCase();
      spec.names.listKind ||= spec.names.kind ? `${spec.names.kind}List` : '';
      spec.conversion ??= { strategy: 'None' };
      const service = spec.conversion.webhook?.clientConfig?.service;
      if (service) service.port ??= HTTPS;
      const stored = spec.versions?.find((version) => version.storage)?.name;
      if (!status.storedVersions?.length && stored) status.storedVersions = [stored];
    },
    prepareCreate(d) {
      const stored = d.spec.versions.find((version) => version.storage)?.name;
      d.status = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: stored === undefined ? [] : [stored] };
    },
    prepareUpdate(d) {
      // A version that objects may now be stored in stays known until someone has migrated them.
      const stored = d.spec.versions.find((version) => version.storage)?.name;
      const known = d.status.storedVersions ?? [];
      if (stored && !known.includes(stored)) d.status = { ...d.status, storedVersions: [...known, stored] };
    },
    desired: (d) => [d.spec],
    validate: (d, at) => validateDefinition(d, at),
    validateUpdate: validateDefinitionUpdate,
    parts: { status: statusOnlyPart({}) },
  },
});
