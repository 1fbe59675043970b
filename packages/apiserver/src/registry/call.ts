import type { ApiObject, Literals, Mutable } from '@navarch/machinery';
import type { User } from '../auth/user.ts';
import type { Waits } from '../observe/service-levels.ts';

/** Who writes, and how. */
export interface Call {
  readonly user: User;
  readonly isDryRun: boolean;
  /** The object was sent as a patch. */
  readonly isPatch?: boolean;
  /** What to do about fields nobody knows: fieldValidation of the API. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** The text the object came as: tells of fields given twice. */
  readonly source?: {
    readonly hasDuplicates: boolean;
    /** How its numbers were written. */
    readonly literals?: Literals;
    complaints(unknown: readonly string[], isCustom?: boolean, isStrict?: boolean): readonly string[];
  };
  /** Collects texts for Warning headers. */
  readonly warnings?: string[];
  /** Who owns the fields this call sets (metadata.managedFields). Absent: the user. */
  readonly fieldManager?: string;
  /** The subresource that a write of the whole object came through, as the record of owners names it. */
  readonly recordedAs?: string;
  /** Where it is noted what the request waits for that is not the server's doing. */
  readonly waits?: Waits | undefined;
  /** Throws Forbidden unless the user may also create: an update or apply of what is not there does. */
  mayCreate?(): void;
}

/** A server-side apply: what the manager wants, and nothing else. */
export interface ApplyRequest {
  readonly config: unknown;
  readonly manager: string;
  readonly force: boolean;
  /** What there is to say of the text that it came as, once it could be applied. May be called again. Throws BadRequest. */
  check?(): void;
}

export type PatchType = 'json' | 'merge' | 'strategic';

/** An object on its way to being stored. */
export type Draft = Mutable<ApiObject> & { spec?: unknown; status?: unknown };
