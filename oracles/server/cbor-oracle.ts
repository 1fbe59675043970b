import type { Oracle } from '../oracle.ts';
import { alike } from './both.ts';
import { cbor } from './cbor-cases.ts';
import { definitions } from './definitions.ts';
import { asked, known, told } from './known.ts';
import { type Known, transcript } from './scenario.ts';
import { ours, theirs } from './sides.ts';

const GATES = 'CBORServingAndStorage=true';

const knownOfCbor: readonly Known[] = [
  { why: 'a server of definitions alone does not list the groups', is: asked(/^GET \/apis /) },
  {
    why: 'it is of another release',
    is: (ours, theirs) => ours.asked.startsWith('GET /version ') && theirs.answered.startsWith('200'),
  },
  {
    why: 'a document that is not shown in CBOR: the refusal is, here',
    is: (ours, theirs) =>
      /^GET \/(?:apis\/oracle.dev|version)/.test(ours.asked) &&
      [ours, theirs].every((one) => one.answered.startsWith('406')),
  },
  {
    why: 'what does not fit a type is told in the words of the JSON decoder',
    is: told(
      /cbor: cannot unmarshal [a-z -]+ into Go struct field|found unknown field at map element|registered for the type v1.Scale/,
    ),
  },
  { why: 'a float without a fraction is the integer here', is: told(/is of the type float64, expected int64/) },
  {
    why: 'a float without a fraction is shown as the integer, and one below zero as zero',
    is: (ours, theirs) =>
      theirs.answered.replace(/f16 (?=-?\d+[,}])|-(?=0[,}])/g, '') === ours.answered.replace(/f16 (?=-?\d+[,}])/g, ''),
  },
  {
    why: 'what is no UTF-8 is escaped in JSON',
    is: (ours, theirs) => theirs.answered.replaceAll('\\ufffd', '\ufffd') === ours.answered,
  },
  {
    why: 'of several faults of what is applied upstream tells one; a null where the number of replicas would be is none',
    is: (ours, theirs) =>
      ours.asked.includes('application/apply-patch+cbor') &&
      (/failed to create typed patch object/.test(theirs.answered) ||
        /spec in body must be of type object/.test(theirs.answered)),
  },
  {
    why: 'upstream makes no object where it is refused: asked again for what was refused before',
    is: (ours) => /"size":f16 1[,}]/.test(ours.asked) && ours.asked.startsWith('PUT'),
  },
  {
    why: 'CBOR called YAML, which neither can read',
    is: asked(/content-type: application\/apply-patch\+yaml/),
  },
];

/** What the two servers answer where both speak CBOR (KEP-4222): it is off at first. */
export const cborServerOracle: Oracle = {
  name: 'cbor-server',
  isNamedWithin: true,
  async run(context) {
    await using their = await theirs(GATES);
    await using our = await ours(GATES);
    for (const side of [their, our]) await transcript(side, definitions, definitions.name);
    return await alike([their, our], cbor, [...known, ...knownOfCbor], context);
  },
};
