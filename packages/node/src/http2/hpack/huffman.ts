/**
 * Bits of the code of each octet, and of the end of string (RFC 7541, appendix B). The code is canonical: among those
 * of one length it grows with the octet, so that the lengths tell all of it.
 */
// prettier-ignore
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const END_OF_STRING = 256;

/** A step takes four bits: no code is shorter than five, so that no step ends two. */
const STEP_BITS = 4;
const STEPS = 1 << STEP_BITS;
const STATE_MASK = 0xff;
const EMITS = 0x100;
const OCTET_SHIFT = 16;
/** What a step is that ends the string within it, which nobody may send. */
const REFUSED = 0x200;

interface Branch {
  /** By the next bit: a further branch, or the octet that is told. */
  readonly next: [Branch | number | undefined, Branch | number | undefined];
  state: number;
}

/** `steps[state * 16 + fourBits]`: the state after, and with EMITS the octet that was told, above it. */
const { steps, mayEnd } = automaton();

function automaton(): { readonly steps: Uint32Array; readonly mayEnd: Uint8Array } {
  const branches: Branch[] = [];
  const branch = (): Branch => {
    const made: Branch = { next: [undefined, undefined], state: branches.length };
    branches.push(made);
    return made;
  };
  const root = branch();
  const octets = CODE_BITS.map((_, octet) => octet).sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  let code = 0;
  let bits = 0;
  for (const octet of octets) {
    code <<= bitsOf(octet) - bits;
    bits = bitsOf(octet);
    let at = root;
    for (let bit = bits - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1;
      at = (at.next[side] ??= branch()) as Branch;
    }
    at.next[code & 1] = octet;
    code++;
  }
  const table = new Uint32Array(branches.length * STEPS);
  for (const { state } of branches)
    for (let step = 0; step < STEPS; step++)
      table[state * STEPS + step] = stepOf(branches[state] as Branch, step, root);
  // What is left of the last octet are ones, the beginning of the end of string, and less than an octet of them.
  const ends = new Uint8Array(branches.length);
  for (
    let at: Branch | number | undefined = root, depth = 0;
    typeof at === 'object' && depth < 8;
    at = at.next[1], depth++
  )
    ends[at.state] = 1;
  return { steps: table, mayEnd: ends };
}

function bitsOf(octet: number): number {
  return CODE_BITS[octet] as number;
}

function stepOf(from: Branch, step: number, root: Branch): number {
  let at = from;
  let told = 0;
  for (let bit = STEP_BITS - 1; bit >= 0; bit--) {
    const next = at.next[(step >>> bit) & 1];
    if (next === END_OF_STRING || next === undefined) return REFUSED;
    if (typeof next === 'number') {
      told = EMITS | (next << OCTET_SHIFT);
      at = root;
    } else at = next;
  }
  return told | at.state;
}

/** The octets that the code stands for, as Latin-1; undefined where it is none. */
export function huffmanText(block: Buffer, from: number, to: number): string | undefined {
  // No code is shorter than five bits.
  const room = ((to - from) * 8) / 5 + 1;
  const text = room <= scratch.length ? scratch : Buffer.allocUnsafe(room);
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const octet = block[at] as number;
    const high = steps[state * STEPS + (octet >>> STEP_BITS)] as number;
    if (high & EMITS) text[length++] = high >>> OCTET_SHIFT;
    const low = steps[(high & STATE_MASK) * STEPS + (octet & (STEPS - 1))] as number;
    if (low & EMITS) text[length++] = low >>> OCTET_SHIFT;
    if (high === REFUSED || low === REFUSED) return undefined;
    state = low & STATE_MASK;
  }
  return mayEnd[state] ? text.toString('latin1', 0, length) : undefined;
}

const scratch = Buffer.alloc(8192);
