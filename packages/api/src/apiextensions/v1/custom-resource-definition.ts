import type { Kind, Mutable } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { columnsOf } from '../../columns.ts';
import type { CustomResourceDefinition } from '../../generated/types/apiextensions-v1.ts';
import { statusPart } from '../../parts.ts';
import { withCondition } from './conditions.ts';
import { namesInOrder } from './definition-names.ts';
import {
  definitionNameErrors,
  validateDefinition,
  validateDefinitionStatus,
  validateDefinitionUpdate,
} from './definition-validation.ts';
import { definitionWarnings } from './definition-warnings.ts';

const HTTPS = 443;
/** Keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export const customResourceDefinition: Kind<CustomResourceDefinition> = builtIn<CustomResourceDefinition>(
  'apiextensions.k8s.io/v1.CustomResourceDefinition',
  {
    storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
    columns: columnsOf('apiextensions.k8s.io/CustomResourceDefinition', {}),
    behaviour: {
      updatesUnconditionally: false,
      complete({ spec, status }) {
        const { kind } = spec.names;
        const names = {
          ...spec.names,
          singular: spec.names.singular || kind.toLowerCase(),
          listKind: spec.names.listKind || (kind ? `${kind}List` : ''),
        };
        spec.names = namesInOrder(names) as Mutable<CustomResourceDefinition>['spec']['names'];
        spec.conversion ??= { strategy: 'None' };
        const service = spec.conversion.webhook?.clientConfig?.service;
        if (service) service.port ??= HTTPS;
        const stored = spec.versions?.find((version) => version.storage)?.name;
        if (!status.storedVersions?.length && stored) status.storedVersions = [stored];
      },
      prepareCreate(d) {
        const stored = d.spec.versions.find((version) => version.storage)?.name;
        d.status = {
          conditions: null,
          acceptedNames: { plural: '', kind: '' },
          storedVersions: stored === undefined ? [] : [stored],
        };
      },
      prepareUpdate(d) {
        // A version that objects may now be stored in stays known until someone has migrated them.
        const stored = d.spec.versions.find((version) => version.storage)?.name;
        const known = d.status.storedVersions ?? [];
        if (stored && !known.includes(stored)) d.status = { ...d.status, storedVersions: [...known, stored] };
      },
      desired: (d) => [d.spec],
      validateName: definitionNameErrors,
      validateCreate: validateDefinition,
      validateUpdate: validateDefinitionUpdate,
      warnings: definitionWarnings,
      // Its objects go first, which the server sees to: nobody may ask for less.
      holdsDeletion: ({ metadata }) => metadata.deletionTimestamp === undefined,
      prepareDelete(draft, _, previous) {
        if (previous.metadata.deletionTimestamp !== undefined) return;
        const {
          deletionGracePeriodSeconds: __,
          deletionTimestamp: now = '',
          finalizers = [],
          ...metadata
        } = draft.metadata;
        const { generation } = previous.metadata;
        draft.metadata = {
          ...metadata,
          deletionTimestamp: now,
          ...(generation === undefined ? {} : { generation }),
          finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER],
        };
        draft.status = (
          withCondition(draft as CustomResourceDefinition, 'Terminating', {
            status: 'True',
            reason: 'InstanceDeletionPending',
            now,
            message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
          }) as Mutable<CustomResourceDefinition>
        ).status;
      },
      // Whoever writes the status may write metadata too: that is how the finalizer is taken away.
      parts: { status: statusPart({ validate: (d, _, at) => validateDefinitionStatus(d, at) }) },
    },
  },
);
