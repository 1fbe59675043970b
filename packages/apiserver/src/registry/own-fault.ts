import { StatusError } from '@navarch/machinery';

/** What upstream's store says of what it cannot do: it is no refusal of its own. */
export const ownFault = (message: string): StatusError =>
  new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
