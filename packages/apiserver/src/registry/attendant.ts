import type { ApiObject } from '@navarch/machinery';
import type { Operation as Write } from '@navarch/store';

/** Gives an object what only the server can give (cluster IPs, node ports) and takes it back. */
export interface Attendant {
  /** Before validation of a create or update. Throws StatusError when it cannot. */
  prepare(draft: ApiObject, previous: ApiObject | undefined): void;
  /** What is written in one transaction with `next` (undefined: the deletion) in the place of `previous`. */
  companions(next: ApiObject | undefined, previous: ApiObject | undefined): readonly Write[];
  /** The write of the object with this uid is over: it is stored and visible, or came to nothing. */
  settled(uid: string): void;
}
