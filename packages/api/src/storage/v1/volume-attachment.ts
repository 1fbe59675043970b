import { dnsSubdomainErrors, type Field, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { bytesOf, named, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import { driverName } from '../../core/v1/volume-sources.ts';
import { statusOnlyPart } from '../../parts.ts';
import type { VolumeAttachment, VolumeAttachmentSource } from '../../generated/types/storage-v1.ts';

const MESSAGE_MAX = 1024;
const METADATA_MAX = 256 * 1024;

export const volumeAttachment: Kind<VolumeAttachment> = builtIn<VolumeAttachment>(
  'storage.k8s.io/v1.VolumeAttachment',
  {
    columns: columnsOf('storage.k8s.io/VolumeAttachment', {
      Attacher: (a) => a.spec.attacher,
      PV: (a) => a.spec.source.persistentVolumeName ?? '',
      Node: (a) => a.spec.nodeName,
      Attached: (a) => a.status.attached,
    }),
    behaviour: {
      answersDeletion: true,
      updatesUnconditionally: false,
      desired: false,
      prepareCreate(a) {
        a.status = { attached: false };
      },
      validate({ spec, status }, at) {
        const here = at.at('spec');
        if (!spec.attacher) here.at('attacher').required();
        validateSource(spec.source, here.at('source'));
        named(spec.nodeName, dnsSubdomainErrors, here.at('nodeName'));
        const bytes = Object.entries(status.attachmentMetadata ?? {}).reduce(
          (sum, [key, value]) => sum + bytesOf(key) + bytesOf(value),
          0,
        );
        if (bytes > METADATA_MAX) at.at('status', 'attachmentMetadata').tooLong(METADATA_MAX);
        for (const name of ['attachError', 'detachError'] as const) {
          const { message = '', errorCode = 0 } = status[name] ?? {};
          // Upstream names the limit of the metadata.
          if (bytesOf(message) > MESSAGE_MAX) at.at('status', name, 'message').tooLong(METADATA_MAX);
          if (errorCode < 0)
            at.at('status', name, 'errorCode').invalid(errorCode, 'must be between 0 and 2147483647, inclusive');
        }
      },
      validateCreate({ spec: { attacher, source } }, at) {
        driverName(attacher, at.at('spec', 'attacher'));
        const { persistentVolumeName } = source;
        if (persistentVolumeName !== undefined)
          named(persistentVolumeName, dnsSubdomainErrors, at.at('spec', 'source', 'persistentVolumeName'));
      },
      validateUpdate: (next, previous, at) => unchanged(next.spec, previous.spec, at.at('spec')),
      parts: { status: statusOnlyPart<VolumeAttachment>({}) },
    },
  },
);

function validateSource({ inlineVolumeSpec, persistentVolumeName }: VolumeAttachmentSource, at: Field): void {
  if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined)
    at.forbidden('must specify exactly one of inlineVolumeSpec and persistentVolumeName');
  else if (inlineVolumeSpec === undefined && !persistentVolumeName) {
    if (persistentVolumeName === undefined)
      at.required('must specify exactly one of inlineVolumeSpec and persistentVolumeName');
    else at.at('persistentVolumeName').required('must specify non empty persistentVolumeName');
  }
}
