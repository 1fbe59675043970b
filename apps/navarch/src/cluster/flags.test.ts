import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressOf,
  bridgeOf,
  choiceOf,
  cidrOf,
  clusterCidrOf,
  durationOf,
  nodeNameOf,
  nodePortAddressesOf,
  nodePortRangesOf,
  numberOf,
  portOf,
  portRangeOf,
  serverOf,
  urlOf,
  serviceCidrOf,
} from './flags.ts';
import { nthAddress, refuseOverlaps } from './ranges.ts';

const says = (read: () => unknown): string => {
  try {
    return JSON.stringify(read()) ?? '';
  } catch (error) {
    return (error as Error).message;
  }
};

const cases: readonly (readonly [read: () => unknown, expected: string])[] = [
  [() => portOf('--port', '6443'), '6443'],
  [() => portOf('--port', '0'), '--port takes a port from 1 to 65535, not "0"'],
  [() => portOf('--port', '65536'), '--port takes a port from 1 to 65535, not "65536"'],
  [() => portOf('--port', '80x'), '--port takes a port from 1 to 65535, not "80x"'],
  [() => addressOf('--node-ip', '10.0.0.256'), '--node-ip takes an IP address such as 192.168.1.10, not "10.0.0.256"'],
  [() => cidrOf('--cluster-cidr', '10.0.0.0/16'), '"10.0.0.0/16"'],
  [() => clusterCidrOf('--cluster-cidr', '10.0.0.0/16,fd00::/48'), '"10.0.0.0/16,fd00::/48"'],
  [
    () => clusterCidrOf('--cluster-cidr', '10.0.0.0/16,fd00::/40'),
    '--cluster-cidr takes a range of IPv4, one of IPv6, or both with a comma between, such as 10.244.0.0/16,fd00:10:244::/48, not "10.0.0.0/16,fd00::/40"',
  ],
  [
    () => cidrOf('--cluster-cidr', '10.0.0.0'),
    '--cluster-cidr takes an IPv4 range such as 10.244.0.0/16, not "10.0.0.0"',
  ],
  [
    () => cidrOf('--cluster-cidr', '10.0.0.0/33'),
    '--cluster-cidr takes an IPv4 range such as 10.244.0.0/16, not "10.0.0.0/33"',
  ],
  [() => serviceCidrOf('--s', '10.96.0.0/16'), '"10.96.0.0/16"'],
  [() => serviceCidrOf('--s', '10.96.0.0/16,fd00:10:96::/112'), '"10.96.0.0/16,fd00:10:96::/112"'],
  [
    () => serviceCidrOf('--s', '10.96.0.0/16,10.97.0.0/16'),
    '--s takes a range of IPv4, one of IPv6, or both with a comma between, such as 10.96.0.0/16,fd00:10:96::/112, not "10.96.0.0/16,10.97.0.0/16"',
  ],
  [() => serviceCidrOf('--s', 'fd00::/112'), '"fd00::/112"'],
  [
    () => serviceCidrOf('--s', 'fd00::/112,10.96.0.0/16'),
    '--s takes a range of IPv4, one of IPv6, or both with a comma between, such as 10.96.0.0/16,fd00:10:96::/112, not "fd00::/112,10.96.0.0/16"',
  ],
  [() => urlOf('10.95.0.1', 6443), '"https://10.95.0.1:6443"'],
  [() => urlOf('fd00::1', 6443), '"https://[fd00::1]:6443"'],
  [() => numberOf('--max-pods', '-1', [1, 1000]), '--max-pods takes a number from 1 to 1000, not "-1"'],
  [
    () =>
      nodePortRangesOf(nodePortAddressesOf('--n', ['primary', 'localhost', '10.0.0.0/8']), ['10.95.0.1', 'fd00::1']),
    '["10.95.0.1/32","fd00::1/128","127.0.0.0/8","::1/128","10.0.0.0/8"]',
  ],
  [
    () => nodePortAddressesOf('--n', ['10.0.0.0/33']),
    '--n takes primary, localhost, all, or a range such as 192.168.1.0/24, not "10.0.0.0/33"',
  ],
  [
    () =>
      refuseOverlaps([
        ['--a', '10.96.0.0/12'],
        ['--b', 'fd00::/112'],
        ['--c', '10.100.0.0/16'],
      ]),
    '--a 10.96.0.0/12 overlaps --c 10.100.0.0/16',
  ],
  [() => portRangeOf('--r', '30000-32767'), '[30000,32767]'],
  [() => portRangeOf('--r', '32767-30000'), '--r takes a range of ports such as 30000-32767, not "32767-30000"'],
  [
    () => choiceOf('--runtime', 'docker', ['auto', 'containerd', 'sim']),
    '--runtime takes auto, containerd or sim, not "docker"',
  ],
  [() => serverOf('--server', '10.0.0.1'), '"https://10.0.0.1:6443"'],
  [() => serverOf('--server', 'https://k8s.example'), '"https://k8s.example:443"'],
  [
    () => serverOf('--server', 'http://10.0.0.1:80'),
    '--server takes an address such as https://192.168.1.10:6443, not "http://10.0.0.1:80"',
  ],
  [() => serverOf('--server', ''), '--server takes an address such as https://192.168.1.10:6443, not ""'],
  [
    () => nodeNameOf('--node-name', 'Node_1'),
    '--node-name takes a name of at most 63 lower case letters, digits, dashes and dots, not "Node_1"',
  ],
  [
    () => bridgeOf('--bridge', 'a-far-too-long-name'),
    '--bridge takes a name for a network device: at most 15 letters, digits and dashes, not "a-far-too-long-name"',
  ],
  [() => durationOf('--ttl', '24h'), '86400000'],
  [() => durationOf('--ttl', 'soon'), '--ttl takes a time such as 24h, 30m or 7d, not "soon"'],
  [() => nthAddress('10.96.0.0/16', 10), '"10.96.0.10"'],
  [() => nthAddress('10.96.0.0/16,fd00::/112', 260), '"10.96.1.4"'],
  [() => nthAddress('fd00:10:96::/112', 10), '"fd00:10:96::a"'],
];

for (const [read, expected] of cases)
  test(`${read.toString().slice(6)} gives ${expected}`, () => assert.equal(says(read), expected));
