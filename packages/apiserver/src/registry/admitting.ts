import { type ApiObject, Field, invalid, type Kind, type Mutable } from '@navarch/machinery';
import type { Admission, AdmissionRequest, Operation } from '../admission/request.ts';
import type { Call } from './call.ts';

/** What a request is about. */
export interface AskedAt {
  readonly namespace: string;
  readonly name: string;
  readonly subresource?: string;
  readonly previous?: ApiObject | undefined;
}

/** A call as admission plugins are told of it. `kind`: as objects are stored. */
export const admissionRequest = (
  kind: Kind<any>,
  operation: Operation,
  { namespace, name, subresource = '', previous }: AskedAt,
  call: Call,
): AdmissionRequest => ({
  kind,
  operation,
  namespace,
  name,
  subresource,
  user: call.user,
  previous,
  isDryRun: call.isDryRun,
  isPatch: call.isPatch === true,
  waits: call.waits,
  warn: (text) => void call.warnings?.push(text),
});

/**
 * Admission of what writes no object of its kind: deletions, connections, bodies sent to a subresource, reviews. Plugins may
 * change the body. Throws Invalid, of `kind`, for what they find wrong, and whatever the plugin throws that refuses.
 */
export async function admitBody(
  admission: Admission,
  kind: Kind<any>,
  body: object,
  request: AdmissionRequest,
): Promise<void> {
  await admission.mutate(body as Mutable<ApiObject>, request);
  const field = new Field();
  await admission.validate(body as ApiObject, field, request);
  if (field.errors.length > 0) throw invalid(kind, request.name, field.errors);
}
