import type { ClientRequest } from 'node:http';
import { type RequestOptions, request as httpsRequest } from 'node:https';

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Asks over HTTPS and takes the whole answer, if it has at most `bytesMax` bytes. Redirects are not followed. */
export const wholeAnswer = (
  options: RequestOptions,
  body: string | undefined,
  bytesMax: number,
): Promise<WholeAnswer> => answerTo(httpsRequest(options), body, bytesMax);

/** Sends a request that is ready, and takes its answer as wholeAnswer() does. */
export function answerTo(request: ClientRequest, body: string | undefined, bytesMax: number): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (reply) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      reply.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > bytesMax) reply.destroy(new Error(`the answer is larger than ${bytesMax} bytes`));
      });
      reply.on('error', reject);
      reply.on('end', () =>
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers as Record<string, string>,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(body);
  });
}
