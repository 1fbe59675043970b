import { StatusError } from '@navarch/machinery';

/** What upstream's server makes of an error that is no status, or of a status without a reason. */
export const unexplained = (message: string): StatusError =>
  new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
