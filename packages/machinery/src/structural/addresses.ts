interface Spelling {
  /** Zeros before a number, as readers of addresses took them once. */
  readonly isSloppy: boolean;
}

const SLOPPY: Spelling = { isSloppy: true };
const STRICT: Spelling = { isSloppy: false };

/** Also what is embedded in an IPv6 address; zeros before a number are of no account, as before Go 1.17. */
export const isIPv4 = (text: string): boolean => text.includes('.') && (isQuad(text, SLOPPY) || isGroups(text, SLOPPY));

export const isIPv6 = (text: string): boolean => isGroups(text, STRICT);

/** An address of either family. */
export const isIp = (text: string): boolean => isQuad(text, STRICT) || isGroups(text, STRICT);

export function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^0*\d{1,3}$/.test(bits)) return false;
  return isQuad(address, SLOPPY) ? Number(bits) <= 32 : isGroups(address, SLOPPY) && Number(bits) <= 128;
}

function isQuad(text: string, { isSloppy }: Spelling): boolean {
  const number = isSloppy ? /^0*\d{1,3}$/ : /^(?:0|[1-9]\d{0,2})$/;
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => number.test(part) && Number(part) < 256);
}

function isGroups(text: string, spelling: Spelling): boolean {
  const word = spelling.isSloppy ? /^0*[0-9a-f]{1,4}$/i : /^[0-9a-f]{1,4}$/i;
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return false;
  let count = 0;
  for (const half of halves) {
    const groups = half === '' ? [] : half.split(':');
    for (const [i, group] of groups.entries()) {
      const isLast = half === halves.at(-1) && i === groups.length - 1;
      if (!word.test(group) && !(isLast && isQuad(group, spelling))) return false;
      count += group.includes('.') ? 2 : 1;
    }
  }
  return halves.length === 2 ? count < 8 : count === 8;
}
