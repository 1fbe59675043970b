import { RpcError } from '../rpc/rpc-error.ts';

/** Waits for what ends, removes or shows something; resolves to undefined where it is gone already. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (RpcError.is(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
