import type { Kind } from '@navarch/machinery';
import { builtIn } from '../../built-in.ts';
import { age, nameColumn, text, wide } from '../../columns.ts';
import type { Event } from '../../generated/types/core-v1.ts';

/** Events of core/v1; events.k8s.io/v1 is another view of the same objects. */
export const event: Kind<Event> = builtIn<Event>('/v1.Event', {
  columns: [
    text('Last Seen', (e, now) => age(e.series?.lastObservedTime ?? e.lastTimestamp ?? e.eventTime ?? undefined, now)),
    text('Type', (e) => e.type ?? ''),
    text('Reason', (e) => e.reason ?? ''),
    text('Object', (e) => `${(e.involvedObject.kind ?? '').toLowerCase()}/${e.involvedObject.name ?? ''}`),
    wide('Subobject', (e) => e.involvedObject.fieldPath ?? ''),
    wide('Source', (e) => [e.source?.component || e.reportingComponent, e.source?.host || e.reportingInstance].filter(Boolean).join(', ')),
    text('Message', (e) => (e.message ?? '').trim()),
    wide('First Seen', (e, now) => age(e.firstTimestamp ?? e.eventTime ?? undefined, now)),
    wide('Count', (e) => String(e.series?.count ?? e.count ?? 1)),
    { ...nameColumn, priority: 1 },
  ],
  selectableFields: {
    'involvedObject.kind': (e) => e.involvedObject.kind ?? '',
    'involvedObject.namespace': (e) => e.involvedObject.namespace ?? '',
    'involvedObject.name': (e) => e.involvedObject.name ?? '',
    'involvedObject.uid': (e) => e.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (e) => e.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (e) => e.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (e) => e.involvedObject.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingComponent: (e) => e.reportingComponent || e.source?.component || '',
    source: (e) => e.source?.component || e.reportingComponent || '',
    type: (e) => e.type ?? '',
  },
  behaviour: { desired: false },
});
