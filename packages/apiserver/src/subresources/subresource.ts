import type { AuthenticationDeps } from '../auth/authentication.ts';
import type { Access } from '../auth/access.ts';
import type { User } from '../auth/user.ts';
import type { Registry } from '../registry/registry.ts';
import type { Call } from '../registry/call.ts';
import type { RequestInfo } from '../request-info.ts';
import type { ProxyTarget } from '../request.ts';
import type { Tuning } from '../tuning.ts';

export interface SubresourceContext {
  readonly registry: Registry;
  readonly access: Access;
  readonly authentication: AuthenticationDeps;
  readonly tuning: Tuning;
  readonly call: Call;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly user: User;
}

/** A subresource (or a resource that is only asked, never stored) with an answer of its own. */
export interface Subresource {
  /** `group/resource/subresource`, e.g. `/pods/binding`; `group/resource` for what is not stored. */
  readonly at: string;
  /** Answers a request with a body; the value is sent as JSON with the status. */
  answer?(body: unknown, context: SubresourceContext): Promise<{ readonly status: number; readonly value: unknown }>;
  /** How a connection may be asked for; absent: in every way. */
  readonly methods?: readonly string[];
  /** The connection is for doing something in the pod: opening it as a WebSocket needs the verb `create` as well. */
  readonly opensStreams?: boolean;
  /** The kind as which admission sees a connection, e.g. PodExecOptions; absent: it is none that changes anything. */
  readonly options?: string;
  /** The kind of what its query says, e.g. PodLogOptions. */
  readonly query?: string;
  /** What is read is a text, whatever form is asked for. */
  readonly isText?: boolean;
  /** What follows it in the path is for whom it connects to. */
  readonly hasPath?: boolean;
  /** Sends the request on; undefined: there is nothing to be told yet. */
  connect?(context: SubresourceContext): ProxyTarget | undefined;
}

export const defineSubresource = (subresource: Subresource): Subresource => Object.freeze(subresource);
