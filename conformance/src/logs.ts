import type { TestContext } from './conformance-test.ts';
import { request } from './requests.ts';
import { until } from './until.ts';

/** What a container has written so far. Rejects while the API server cannot tell, as for one that waits to start. */
async function logOf(context: TestContext, pod: string, container: string): Promise<string> {
  const path = `/api/v1/namespaces/${context.namespace}/pods/${pod}/log?container=${container}`;
  const { status, text } = await request(context, { path, accept: '*/*' });
  if (status !== 200) throw new Error(`GET ${path} was answered ${status}: ${text}`);
  return text;
}

/** Waits until a container has written something that matches; what it wrote is in the report of a failure. */
export async function untilLogged(
  context: TestContext,
  pod: string,
  container: string,
  wanted: string | RegExp,
  timeoutMs: number,
): Promise<void> {
  let last = '';
  try {
    await until(context, `${String(wanted)} in the log of ${pod}/${container}`, timeoutMs, async () => {
      last = await logOf(context, pod, container).catch((error: unknown) => String(error));
      return typeof wanted === 'string' ? last.includes(wanted) : wanted.test(last);
    });
  } catch (error) {
    context.log(`the log of ${pod}/${container}: ${last.slice(-2000)}`);
    throw error;
  }
}
