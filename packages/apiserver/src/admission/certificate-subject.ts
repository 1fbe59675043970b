import { DER, derElements, type DerElement, hexOf, requestInBase64 } from '@navarch/machinery';

/** Object identifier 2.5.4.10 (organizationName), as DER has it. */
const ORGANIZATION = '55040a';
const BMP_STRING = 0x1e;

/**
 * The organizations in the subject of a certificate signing request (PKCS #10, RFC 2986): base64 of PEM, as the API has
 * it. None when it cannot be read: such a request is refused by validation.
 */
export function organizationsOfRequest(request: string): readonly string[] {
  try {
    const [outer] = derElements(requestInBase64(request));
    const [info] = derElements(outer?.content);
    // CertificationRequestInfo: version, subject, key, attributes.
    const [, subject] = derElements(info?.content);
    return derElements(subject?.content)
      .flatMap(({ content }) => derElements(content))
      .flatMap(organization);
  } catch {
    return []; // Cut off.
  }
}

function organization({ tag, content }: DerElement): readonly string[] {
  if (tag !== DER.sequence) return [];
  const [type, value] = derElements(content);
  if (type?.tag !== DER.oid || hexOf(type.content) !== ORGANIZATION || !value) return [];
  // It has two bytes a character; all others are read as UTF-8, whose first half they share.
  return [
    value.tag === BMP_STRING
      ? String.fromCharCode(...[...value.content].filter((_, i) => i % 2 === 1))
      : new TextDecoder().decode(value.content),
  ];
}
