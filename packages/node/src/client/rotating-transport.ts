import type { HttpTransport } from '@navarch/client';
import { httpTransport } from './http-transport.ts';
import type { Access } from './kubeconfig.ts';

/** A transport whose credentials can be exchanged while it is in use. */
export interface RotatingTransport extends HttpTransport, Disposable {
  /** From now on as somebody else. Connections with the old credentials end: watches begin again with the new ones. */
  replace(access: Access): void;
}

export function rotatingTransport(access: Access): RotatingTransport {
  let current = httpTransport(access);
  return {
    send: (request, signal) => current.send(request, signal),
    replace(next) {
      const before = current;
      current = httpTransport(next);
      before[Symbol.dispose]();
    },
    [Symbol.dispose]: () => current[Symbol.dispose](),
  };
}
