import { equalJson, type Field, type Kind, labelValueErrors, qualifiedNameErrors } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { bytesOf, each, entriesOf, named, requiredName, supportedValue } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { DEFAULT_STORAGE_CLASS } from '../default-class.ts';
import type { StorageClass, VolumeAttributesClass } from '../../generated/types/storage-v1.ts';

const PARAMETERS_MAX = 512;
const PARAMETER_BYTES_MAX = 256 * 1024;
const IS_DEFAULT_ATTRIBUTES = [
  'volumeattributesclass.kubernetes.io/is-default-class',
  'volumeattributesclass.alpha.kubernetes.io/is-default-class',
];

const markedName =
  (names: readonly string[]) =>
  (object: StorageClass | VolumeAttributesClass): string =>
    names.some((name) => object.metadata.annotations?.[name] === 'true')
      ? `${object.metadata.name} (default)`
      : object.metadata.name;

export const storageClass: Kind<StorageClass> = builtIn<StorageClass>('storage.k8s.io/v1.StorageClass', {
  columns: columnsOf('storage.k8s.io/StorageClass', {
    Name: markedName(DEFAULT_STORAGE_CLASS),
    Provisioner: (c) => c.provisioner,
    ReclaimPolicy: (c) => c.reclaimPolicy ?? 'Delete',
    VolumeBindingMode: (c) => c.volumeBindingMode ?? 'Immediate',
    AllowVolumeExpansion: (c) => c.allowVolumeExpansion ?? false,
  }),
  behaviour: {
    answersDeletion: true,
    desired: false,
    complete(c) {
      c.reclaimPolicy ??= 'Delete';
      c.volumeBindingMode ??= 'Immediate';
    },
    validate(c, at) {
      validateProvisioner(c.provisioner, at.at('provisioner'));
      validateParameters(c.parameters, true, at.at('parameters'));
      if (c.reclaimPolicy) supportedValue(c.reclaimPolicy, ['Delete', 'Retain'], at.at('reclaimPolicy'));
      if (c.volumeBindingMode === undefined) at.at('volumeBindingMode').required();
      else supportedValue(c.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], at.at('volumeBindingMode'));
      validateTopologies(c, at.at('allowedTopologies'));
    },
    warnings: ({ allowedTopologies }) =>
      (allowedTopologies ?? []).flatMap((term, i) =>
        (term.matchLabelExpressions ?? []).flatMap(({ key }, j) =>
          key.startsWith('failure-domain.beta.kubernetes.io/')
            ? [
                `allowedTopologies[${i}].matchLabelExpressions[${j}].key: deprecated since v1.17; use "${key.replace('failure-domain.beta', 'topology')}" instead`,
              ]
            : [],
        ),
      ),
  },
});

export const volumeAttributesClass: Kind<VolumeAttributesClass> = builtIn<VolumeAttributesClass>(
  'storage.k8s.io/v1.VolumeAttributesClass',
  {
    columns: columnsOf('storage.k8s.io/VolumeAttributesClass', {
      Name: markedName(IS_DEFAULT_ATTRIBUTES),
      DriverName: (c) => c.driverName,
    }),
    behaviour: {
      answersDeletion: true,
      desired: false,
      validate(c, at) {
        validateProvisioner(c.driverName, at.at('driverName'));
        validateParameters(c.parameters, false, at.at('parameters'));
      },
      validateUpdate(next, previous, at) {
        if (next.driverName !== previous.driverName)
          at.at('driverName').forbidden('updates to driverName are forbidden.');
        if (!equalJson(next.parameters, previous.parameters))
          at.at('parameters').forbidden('updates to parameters are forbidden.');
      },
    },
  },
);

/** Names of provisioners are told apart without regard to case. */
function validateProvisioner(name: string, at: Field): void {
  if (!name) at.required();
  else for (const error of qualifiedNameErrors(name.toLowerCase())) at.invalid(name, error);
}

function validateParameters(
  parameters: Readonly<Record<string, string>> | undefined,
  mayBeEmpty: boolean,
  at: Field,
): void {
  const entries = entriesOf(parameters);
  if (entries.length > PARAMETERS_MAX) return at.tooLong(PARAMETERS_MAX);
  if (entries.some(([key]) => key === '')) at.invalid('', 'field can not be empty.');
  const bytes = entries.reduce((sum, [key, value]) => sum + bytesOf(key) + bytesOf(value), 0);
  if (bytes > PARAMETER_BYTES_MAX) at.tooLong(PARAMETER_BYTES_MAX);
  if (!mayBeEmpty && entries.length === 0) at.required('must contain at least one key/value pair');
}

function validateTopologies({ allowedTopologies = [] }: StorageClass, at: Field): void {
  const terms = new Set<string>();
  each(allowedTopologies, at, ({ matchLabelExpressions = [] }, here) => {
    const keys = new Set<string>();
    each(matchLabelExpressions, here.at('matchLabelExpressions'), ({ key, values }, place) => {
      requiredName(key, qualifiedNameErrors, place.at('key'));
      if (keys.has(key)) place.at('key').duplicate(key);
      keys.add(key);
      if (!values?.length) place.at('values').required();
      const seen = new Set<string>();
      each(values, place.at('values'), (value, valueAt) => {
        named(value, labelValueErrors, valueAt);
        if (seen.has(value)) valueAt.duplicate(value);
        seen.add(value);
      });
    });
    const text = JSON.stringify(matchLabelExpressions);
    if (terms.has(text)) here.at('matchLabelExpressions').duplicate('');
    terms.add(text);
  });
}
