import { controllerOf, type Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { notNegative, unchanged } from '../../checks/values.ts';
import { columnsOf } from '../../columns.ts';
import type { ControllerRevision } from '../../generated/types/apps-v1.ts';

export const controllerRevision: Kind<ControllerRevision> = builtIn<ControllerRevision>('apps/v1.ControllerRevision', {
  columns: columnsOf('apps/ControllerRevision', {
    Controller: (r) => ownerText(r),
    Revision: (r) => r.revision,
  }),
  behaviour: {
    desired: false,
    validate(r, at) {
      if (r.data === null || r.data === undefined) at.at('data').required('data is mandatory');
      notNegative(r.revision, at.at('revision'));
    },
    validateUpdate: (next, previous, at) => unchanged(next.data, previous.data, at.at('data')),
  },
});

/** `statefulset.apps/web` */
function ownerText(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return '<none>';
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}
