/** An answer of the kubelet's API that is no success. The message is the body, as plain text. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const notFound = (): HttpRefusal => new HttpRefusal(404, '404 page not found\n');
