import { RpcError } from '../rpc/rpc-error.ts';

/** Waits for what ends or removes something; that it is gone already is as well. */
export async function orGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!RpcError.is(error, 'NOT_FOUND')) throw error;
  }
}
