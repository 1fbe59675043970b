import type { Asked } from './ask.ts';

/** A difference that stays, and why. */
interface Known {
  readonly why: string;
  is(asked: Asked, theirs: string, ours: string): boolean;
}

const TYPES = { SOA: 6, TXT: 16, ANY: 255 } as const;
const isDenied = (shown: string): boolean => shown.includes(' code 3 ');
/** The name is there, and nothing of the type. */
const isEmpty = (shown: string): boolean => shown.includes(' code 0 ') && !shown.includes('\nanswer ');

export const known: readonly Known[] = [
  {
    why: 'other classes than IN are refused; CoreDNS answers them as if IN had been asked for where it forwards',
    is: (asked, _theirs, ours) => asked.class !== 1 && ours.includes(' code 5 '),
  },
  {
    why: 'other operations than QUERY are not implemented; CoreDNS takes NOTIFY for a question',
    is: (asked, _theirs, ours) => asked.opcode !== 0 && ours.includes(' code 4 '),
  },
  {
    why: 'a name that there is not is denied whatever type is asked for; CoreDNS has no data of SOA there',
    is: (asked, theirs, ours) => asked.type === TYPES.SOA && isEmpty(theirs) && isDenied(ours),
  },
  {
    why: 'names that are there are not denied for types that they have none of (RFC 8020); CoreDNS does for TXT, and for those of itself',
    is: (asked, theirs, ours) =>
      isDenied(theirs) &&
      isEmpty(ours) &&
      (asked.type === TYPES.TXT || /^(?:ns\.)?dns\.cluster\.local$|^dns-version\./i.test(asked.name)),
  },
  {
    why: 'everything about a name is told over TCP alone, so that nobody has it sent to others',
    is: (asked, _theirs, ours) => asked.type === TYPES.ANY && !asked.isTcp && / tc /.test(ours.split('\n')[0] ?? ''),
  },
];
