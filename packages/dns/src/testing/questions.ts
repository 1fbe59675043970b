/** The bytes of a question, as a client sends them. */
export function questionBytesOf(name: string, type: number, options: QuestionOptions = {}): Uint8Array {
  const { id = 7, class: of = 1, flags = 0x0100, udpBytes, ednsVersion = 0 } = options;
  const labels = name.split('.').filter((label) => label !== '');
  const wire = labels.flatMap((label) => [label.length, ...Array.from(label, (letter) => letter.charCodeAt(0))]);
  const opt = udpBytes === undefined ? [] : [0, 0, 41, udpBytes >> 8, udpBytes & 0xff, 0, ednsVersion, 0, 0, 0, 0];
  const header = [id >> 8, id & 0xff, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, udpBytes === undefined ? 0 : 1];
  return Uint8Array.from([...header, ...wire, 0, type >> 8, type & 0xff, of >> 8, of & 0xff, ...opt]);
}

export interface QuestionOptions {
  readonly id?: number;
  readonly class?: number;
  readonly flags?: number;
  /** Absent: no EDNS. */
  readonly udpBytes?: number;
  readonly ednsVersion?: number;
}
