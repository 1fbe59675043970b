import {
  badRequest,
  everything,
  type FieldTerm,
  type Kind,
  type ApiObject,
  parseFieldSelector,
  parseLabelSelector,
  type Selector,
} from '@navarch/machinery';
import type { Cached, Labels } from '@navarch/store';

/** Which objects of a kind a list, watch or deletecollection is about. */
export interface Selection {
  readonly labels: Selector;
  readonly fields: readonly FieldTerm[];
  readonly isEverything: boolean;
  matches(object: ApiObject): boolean;
  /** The same of an object of the cache, which is not read for it. */
  chooses(held: Cached<ApiObject>): boolean;
}

const selectAll: Selection = {
  labels: everything,
  fields: [],
  isEverything: true,
  matches: () => true,
  chooses: () => true,
};

/** Compiles both selectors. Throws BadRequest for a field the kind cannot be selected by. */
export function selectionOf(kind: Kind<any>, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === '' && fieldSelector === '') return selectAll;
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector).map((term) => ({ ...term, valueOf: fieldReader(kind, term.field) }));
  const { hub } = kind;
  const ofHeld = fields.map((term) => ({ ...term, valueOf: heldReader(kind, term.field) }));
  const matchesFields = (object: ApiObject): boolean => {
    // Fields are those of the version asked for, whichever is stored.
    const seen = hub ? (hub.fromHub(object) as ApiObject) : object;
    return fields.every(({ valueOf, value, isEqual }) => (valueOf(seen) === value) === isEqual);
  };
  const hasLabels = repeating(labels);
  // Names are the same in all versions, and in the key.
  const isOfVersion =
    hub !== undefined && fields.some(({ field }) => field !== 'metadata.name' && field !== 'metadata.namespace');
  return {
    labels,
    fields,
    isEverything: false,
    matches: (object) => labels.matches(object.metadata.labels) && (fields.length === 0 || matchesFields(object)),
    chooses: (held) =>
      hasLabels(held.labels) &&
      (isOfVersion
        ? matchesFields(held.object)
        : ofHeld.every(({ valueOf, value, isEqual }) => (valueOf(held) === value) === isEqual)),
  };
}

/** Objects that follow one another often have the same labels. */
function repeating({ requirements, matches }: Selector): (labels: Labels) => boolean {
  if (requirements.length === 0) return () => true;
  let last: Labels | undefined;
  let result = false;
  return (labels) => {
    if (labels !== last) {
      result = matches(labels);
      last = labels;
    }
    return result;
  };
}

/** Throws BadRequest like `fieldReader`. */
function heldReader(kind: Kind<any>, field: string): (held: Cached<ApiObject>) => string {
  if (field === 'metadata.name') return ({ key }) => key.slice(key.lastIndexOf('/') + 1);
  if (field === 'metadata.namespace')
    return kind.namespaced ? ({ key }) => key.slice(0, key.lastIndexOf('/')).split('/').at(-1) ?? '' : () => '';
  return (held) => held.field(field) ?? '';
}

function fieldReader(kind: Kind<any>, field: string): (object: ApiObject) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  const declared = kind.selectableFields[field];
  if (!declared) throw badRequest(unknownField(kind, field));
  return declared as (object: ApiObject) => string;
}

/** Kinds with selectable fields of their own say it in other words than those without. */
const unknownField = (kind: Kind<any>, field: string): string =>
  kind.origin === 'custom' || Object.keys(kind.selectableFields).length > 0
    ? `field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
