import { fromHalf } from './encode.ts';

/**
 * A well-formed CBOR document in the notation for people (RFC 8949, section 8), as upstream shows it in refusals: byte
 * strings are 'quoted' where they are text.
 */
export function cborDiagnosis(bytes: Uint8Array): string {
  return new Diagnosis(bytes).item();
}

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const BREAK = 0xff;

class Diagnosis {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  item(): string {
    const first = this.#byte();
    const [major, code] = [first >>> 5, first & 0x1f];
    if (major === 7) return this.#simple(code);
    if (code === 31) return this.#untilBreak(major);
    const argument = code < 24 ? BigInt(code) : this.#number(1 << (code - 24));
    switch (major) {
      case 0:
        return String(argument);
      case 1:
        return String(-1n - argument);
      case 2:
        return quotedBytes(this.#take(Number(argument)));
      case 3:
        return JSON.stringify(text.decode(this.#take(Number(argument))));
      case 4:
        return `[${this.#times(Number(argument), () => this.item())}]`;
      case 5:
        return `{${this.#times(Number(argument), () => this.#entry())}}`;
      default:
        return `${argument}(${this.item()})`;
    }
  }

  #entry(): string {
    const key = this.item();
    return `${key}: ${this.item()}`;
  }

  #times(count: number, one: () => string): string {
    return Array.from({ length: count }, one).join(', ');
  }

  #untilBreak(major: number): string {
    const items: string[] = [];
    while (this.#bytes[this.#at] !== BREAK) items.push(major === 5 ? this.#entry() : this.item());
    this.#at += 1;
    const [open, close] = major === 4 ? '[]' : major === 5 ? '{}' : '()';
    return `${open}_ ${items.join(', ')}${close}`;
  }

  #simple(code: number): string {
    switch (code) {
      case 20:
        return 'false';
      case 21:
        return 'true';
      case 22:
        return 'null';
      case 23:
        return 'undefined';
      case 25:
        return shownFloat(fromHalf(Number(this.#number(2))));
      case 26:
        this.#at += 4;
        return shownFloat(this.#view.getFloat32(this.#at - 4));
      case 27:
        this.#at += 8;
        return shownFloat(this.#view.getFloat64(this.#at - 8));
      default:
        return `simple(${code === 24 ? this.#byte() : code})`;
    }
  }

  #number(size: number): bigint {
    let value = 0n;
    for (const byte of this.#take(size)) value = (value << 8n) | BigInt(byte);
    return value;
  }

  #byte(): number {
    return this.#take(1)[0] as number;
  }

  #take(count: number): Uint8Array {
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function quotedBytes(bytes: Uint8Array): string {
  try {
    return `'${JSON.stringify(text.decode(bytes))
      .slice(1, -1)
      .replaceAll("'", String.raw`\'`)}'`;
  } catch {
    return `h'${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}'`;
  }
}

const shownFloat = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));
