import type { ApiObject, Field, Kind, Mutable } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Waits } from '../observe/service-levels.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

/** What an admission plugin is told about a request. */
export interface AdmissionRequest {
  readonly kind: Kind<any>;
  readonly operation: Operation;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly previous: ApiObject | undefined;
  readonly isDryRun: boolean;
  /** The object was sent as a patch. */
  readonly isPatch: boolean;
  /** Where it is noted what the request waits for that is not the server's doing. */
  readonly waits: Waits | undefined;
  /** Tells the client something that is no refusal (a Warning header). */
  warn(text: string): void;
}

/**
 * What a plugin did to a draft: nothing, anything, or no more than setting fields to values in the form in which they are
 * printed, after which nothing has to be read again.
 */
export type Mutation = boolean | 'printed';

/** What requests for one kind have to pass, as whoever writes its objects sees it. */
export interface Admission {
  /** Resolves to what was done to the draft. Rejects with the StatusError of whoever refuses. */
  mutate(draft: Mutable<ApiObject>, request: AdmissionRequest): Promise<Mutation>;
  /** Collects errors in `at`. Rejects with the StatusError of whoever refuses at once. */
  validate(object: ApiObject, at: Field, request: AdmissionRequest): Promise<void>;
}
