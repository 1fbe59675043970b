/** Where definitions in groups of Kubernetes say who approved of them. */
const APPROVED = 'api-approved.kubernetes.io';
const MORE = 'see https://github.com/kubernetes/enhancements/pull/1111';

export interface Approval {
  readonly state: 'Missing' | 'Bypassed' | 'Approved' | 'Invalid';
  readonly annotation: { readonly name: string; readonly value: string };
  /** In upstream's words. */
  readonly message: string;
}

/** Groups that are Kubernetes's own. */
export const isProtected = (group: string): boolean => /(?:^|\.)(?:k8s|kubernetes)\.io$/.test(group);

/** What the annotation of a definition in such a group says (KEP-1111). */
export function approvalOf(annotations: Readonly<Record<string, string>> | undefined): Approval {
  const value = annotations?.[APPROVED] ?? '';
  const annotation = { name: APPROVED, value };
  const rule = `protected groups must have approval annotation ${JSON.stringify(APPROVED)}`;
  if (value === '') return { state: 'Missing', annotation, message: `${rule}, ${MORE}` };
  if (value.startsWith('unapproved'))
    return { state: 'Bypassed', annotation, message: `not approved: ${JSON.stringify(value)}` };
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]+/.test(value))
    return { state: 'Approved', annotation, message: `approved in ${value}` };
  return {
    state: 'Invalid',
    annotation,
    message: `${rule} with either a URL or a reason starting with "unapproved", ${MORE}`,
  };
}
