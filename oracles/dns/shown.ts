/** A message as lines that can be compared: what may differ between two right answers is left out. Reads with its own few lines. */
export function shown(message: Buffer | undefined, asked: Buffer): string {
  if (!message) return 'nothing';
  const bits = message.readUInt16BE(2);
  const flags = [
    ['qr', 0x8000],
    ['aa', 0x400],
    ['tc', 0x200],
    ['rd', 0x100],
    ['ra', 0x80],
    ['ad', 0x20],
  ] as const;
  const counts = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  const lines = [
    `id ${message.readUInt16BE(0).toString(16)} code ${bits & 0xf} ${flags
      .filter(([, bit]) => bits & bit)
      .map(([name]) => name)
      .join(' ')}`,
  ];
  if (counts[0] === 0) return lines.join('\n');
  const end = nameAt(message, 12).end + 4;
  lines.push(`question ${message.subarray(12, end).equals(asked.subarray(12, end)) ? 'as asked' : 'another'}`);
  let at = end;
  for (const [i, section] of ['answer', 'authority', 'additional'].entries()) {
    const found: string[] = [];
    for (let n = 0; n < (counts[i + 1] ?? 0); n++) {
      const record = recordAt(message, at);
      at = record.end;
      found.push(record.text);
    }
    lines.push(...found.toSorted().map((text) => `${section} ${text}`));
  }
  return lines.join('\n');
}

function nameAt(message: Buffer, start: number): { readonly text: string; readonly end: number } {
  const labels: string[] = [];
  let end: number | undefined;
  for (let at = start; ;) {
    const length = message.readUInt8(at);
    if (length === 0) return { text: `${labels.join('.').toLowerCase()}.`, end: end ?? at + 1 };
    if (length >= 0xc0) {
      end ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

function recordAt(message: Buffer, start: number): { readonly text: string; readonly end: number } {
  const { text: owner, end: at } = nameAt(message, start);
  const type = message.readUInt16BE(at);
  const ttl = message.readUInt32BE(at + 4);
  const from = at + 10;
  const end = from + message.readUInt16BE(at + 8);
  // Each says in it how much it takes itself.
  if (type === 41)
    return { text: `OPT code ${ttl >>> 24} version ${(ttl >> 16) & 0xff} do ${(ttl & 0x8000) !== 0}`, end };
  // What was had from elsewhere grows old between two questions.
  const life = owner.endsWith('.test.') ? '*' : String(ttl);
  return { text: `${owner} ${life} ${type} ${dataAt(message, type, from, end)}`, end };
}

function dataAt(message: Buffer, type: number, from: number, end: number): string {
  switch (type) {
    case 2:
    case 5:
    case 12:
      return nameAt(message, from).text;
    case 33:
      return `${[0, 2, 4].map((skip) => message.readUInt16BE(from + skip)).join(' ')} ${nameAt(message, from + 6).text}`;
    case 6: {
      const server = nameAt(message, from);
      const mail = nameAt(message, server.end);
      // The first number is when something changed last, as each saw it.
      const numbers = [4, 8, 12, 16].map((skip) => message.readUInt32BE(mail.end + skip));
      return `${server.text} ${mail.text} ${numbers.join(' ')}`;
    }
    default:
      return message.toString('hex', from, end);
  }
}
