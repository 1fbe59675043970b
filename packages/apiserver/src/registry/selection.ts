import {
  badRequest, everything, type FieldTerm, type Kind, type ApiObject, parseFieldSelector, parseLabelSelector, type Selector,
} from '@navarch/machinery';

/** Which objects of a kind a list, watch or deletecollection is about. */
export interface Selection {
  readonly labels: Selector;
  readonly fields: readonly FieldTerm[];
  readonly isEverything: boolean;
  matches(object: ApiObject): boolean;
}

const selectAll: Selection = { labels: everything, fields: [], isEverything: true, matches: () => true };

/** Compiles both selectors. Throws BadRequest for a field the kind cannot be selected by. */
export function selectionOf(kind: Kind<any>, labelSelector: string, fieldSelector: string): Selection {
  if (labelSelector === '' && fieldSelector === '') return selectAll;
  const labels = parseLabelSelector(labelSelector);
  const fields = parseFieldSelector(fieldSelector).map((term) => ({ ...term, valueOf: fieldReader(kind, term.field) }));
  const { hub } = kind;
  return {
    labels, fields, isEverything: false,
    matches(object) {
      if (!labels.matches(object.metadata.labels)) return false;
      if (fields.length === 0) return true;
      // Fields are those of the version asked for, whichever is stored.
      const seen = hub ? (hub.fromHub(object) as ApiObject) : object;
      return fields.every(({ valueOf, value, isEqual }) => (valueOf(seen) === value) === isEqual);
    },
  };
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
  (Object.keys(kind.selectableFields).length > 0
    ? `field label not supported: ${field}`
    : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
