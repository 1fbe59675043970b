import { test } from 'node:test';
import { table } from '../../testing/check.ts';

const POD = '/v1.Pod';
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

test('projected volumes: every source, and no path twice', () => {
  table(POD, [
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: {
                sources: [
                  { secret: { items: [{ key: 'a', path: 'x' }] } },
                  { configMap: { name: 'm', items: [{ key: 'a', path: 'x' }] } },
                ],
              },
            },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].secret.name: Required value',
      'spec.volumes[0].projected: Invalid value: "m": conflicting duplicate paths',
    ],
    [
      {
        spec: {
          volumes: [
            { name: 'v', projected: { sources: [{ serviceAccountToken: { path: '', expirationSeconds: 1 } }] } },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes',
      'spec.volumes[0].projected.path: Required value',
      'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: { sources: [{ serviceAccountToken: { path: '../a', expirationSeconds: 4294967297 } }] },
            },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
      'spec.volumes[0].projected.path: Invalid value: "../a": must not contain \'..\'',
      'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
    ],
    [
      { spec: { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: '' } }] } }] } },
      'spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified',
      'spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Required value',
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: { sources: [{ clusterTrustBundle: { name: 'a', signerName: 'b/c', path: 'p' } }] },
            },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].clusterTrustBundle: Invalid value: {"Name":"a","SignerName":"b/c","LabelSelector":null,"Optional":null,"Path":"p","User":null}: only one of name and signerName may be used',
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: { sources: [{ clusterTrustBundle: { name: 'A', path: 'p', labelSelector: {} } }] },
            },
          ],
        },
      },
      `spec.volumes[0].projected.sources[0].clusterTrustBundle.name: Invalid value: "A": not a valid clustertrustbundlename: ${SUBDOMAIN}`,
      'spec.volumes[0].projected.sources[0].clusterTrustBundle.labelSelector: Invalid value: {}: labelSelector must be unset if name is specified',
    ],
    [
      {
        spec: {
          volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { signerName: 'b', path: 'p' } }] } }],
        },
      },
      `spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: "b": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: {
                sources: [{ podCertificate: { signerName: 'a/b', keyType: 'X', maxExpirationSeconds: 1 } }],
              },
            },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].podCertificate.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots',
      'spec.volumes[0].projected.sources[0].podCertificate.keyType: Unsupported value: "X": supported values: "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"',
      'spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds: Invalid value: 1: if provided, maxExpirationSeconds must be >= 3600',
      'spec.volumes[0].projected.sources[0].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath',
    ],
    [
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: {
                sources: [
                  {
                    podCertificate: {
                      signerName: 'a/b',
                      keyType: 'ED25519',
                      maxExpirationSeconds: 99999999,
                      keyPath: '..a',
                    },
                  },
                ],
              },
            },
          ],
        },
      },
      'spec.volumes[0].projected.sources[0].podCertificate.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots',
      'spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds: Invalid value: 99999999: if provided, maxExpirationSeconds must be <= 7862400',
      'spec.volumes[0].projected.sources[0].podCertificate.keyPath: Invalid value: "..a": must not start with \'..\'',
    ],
    [
      {
        spec: {
          volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 's' }, configMap: { name: 'm' } }] } }],
        },
      },
      'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
    ],
  ]);
});
