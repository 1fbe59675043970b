import type { Machine } from './machine.ts';

/** Everything outside its folder that a cluster of this name made and that is still there, and what is in the folder of all clusters. */
export async function leftovers(machine: Machine, home: string, name: string): Promise<string> {
  const script = `ip -o link | grep -E 'navarch|veth'; ip netns list; ls /run/netns; nft list tables | grep navarch; ip address show lo | grep 10.95; findmnt -rn | grep ${home}/; ls -d /sys/fs/cgroup/*/navarch-${name}* /sys/fs/cgroup/navarch-${name}* 2>/dev/null; pgrep -fa '[c]ontainerd.* ${home}|[-]-data-dir ${home}'; ls -A ${home}; true`;
  return (await machine.run('sh', '-c', script)).stdout.replace('bin\n', '');
}
