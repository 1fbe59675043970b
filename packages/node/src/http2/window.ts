/** How much a peer may still send, and when it is told that it may send more. */
export class Window {
  readonly #bytesMax: number;
  readonly #grant: (bytes: number) => void;
  #left: number;
  #read = 0;

  /** `grant` lets the peer send so many bytes more: not for each piece, that would be as many frames back. */
  constructor(bytesMax: number, grant: (bytes: number) => void) {
    this.#bytesMax = bytesMax;
    this.#left = bytesMax;
    this.#grant = grant;
  }

  /** Whether so much was granted. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** So much has been read. */
  release(bytes: number): void {
    this.#read += bytes;
    if (this.#read * 2 < this.#bytesMax) return;
    this.#grant(this.#read);
    this.#left += this.#read;
    this.#read = 0;
  }
}
