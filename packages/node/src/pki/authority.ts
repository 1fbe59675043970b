import 'reflect-metadata';
import type { CertificateAuthority, Issue } from '@navarch/controllers';
import * as x509 from '@peculiar/x509';
import { namesOf, openRequest } from './request.ts';
import { ALGORITHM, type Credentials, importKey, serial } from './subject.ts';

/** Names of extended usages (certificates.k8s.io) and their numbers (RFC 5280); `any` has one of its own. */
const EXTENDED: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0', 'server auth': x509.ExtendedKeyUsage.serverAuth, 'client auth': x509.ExtendedKeyUsage.clientAuth,
  'code signing': x509.ExtendedKeyUsage.codeSigning, 'email protection': x509.ExtendedKeyUsage.emailProtection,
  's/mime': x509.ExtendedKeyUsage.emailProtection, 'ipsec end system': '1.3.6.1.5.5.7.3.5', 'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7', timestamping: x509.ExtendedKeyUsage.timeStamping, 'ocsp signing': x509.ExtendedKeyUsage.ocspSigning,
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3', 'netscape sgc': '2.16.840.1.113730.4.1',
};

const SIMPLE: Readonly<Record<string, number>> = {
  signing: x509.KeyUsageFlags.digitalSignature, 'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation, 'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement, 'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'cert sign': x509.KeyUsageFlags.keyCertSign, 'crl sign': x509.KeyUsageFlags.cRLSign,
  'encipher only': x509.KeyUsageFlags.encipherOnly, 'decipher only': x509.KeyUsageFlags.decipherOnly,
};

/** Signs requests with an authority's key: subject and alternative names are taken over, nothing else of the request is. */
export async function certificateAuthority(own: Credentials): Promise<CertificateAuthority> {
  const issuer = new x509.X509Certificate(own.certificate);
  const signingKey = await importKey(own.key);
  return {
    read: async (pem) => namesOf(await openRequest(pem)),
    async issue({ request: pem, usages, notBefore, notAfter }) {
      const request = await openRequest(pem);
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serial(), subject: request.subjectName, issuer: issuer.subjectName, publicKey: request.publicKey, signingKey, signingAlgorithm: ALGORITHM,
        notBefore: new Date(notBefore), notAfter: new Date(Math.min(notAfter, issuer.notAfter.getTime())),
        extensions: await extensionsOf(request, usages, issuer),
      });
      return certificate.toString('pem');
    },
  };
}

async function extensionsOf(request: x509.Pkcs10CertificateRequest, usages: Issue['usages'], issuer: x509.X509Certificate): Promise<x509.Extension[]> {
  const simple = usages.reduce<number>((flags, usage) => flags | (SIMPLE[usage] ?? 0), 0);
  const extended = [...new Set(usages.flatMap((usage) => EXTENDED[usage] ?? []))];
  const names = request.extensions.find((extension) => extension instanceof x509.SubjectAlternativeNameExtension);
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    ...(simple === 0 ? [] : [new x509.KeyUsagesExtension(simple, true)]),
    ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
    await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ...(names ? [names] : []),
  ];
}
