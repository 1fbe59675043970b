import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { finished, goProgram, hasGo } from '../go.ts';
import { LeftOut } from '../oracle.ts';

/** The last three minor releases, as modules of the Go proxy. */
export const RELEASES = ['0.35.10', '0.36.6', '0.37.2'] as const;

/** kubectl's own main is in a module that is no library; this one says the same. */
const main = `package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
`;

/** Builds kubectl of that release of module k8s.io/kubectl, or finds it built. Throws LeftOut without Go or the modules. */
export async function builtKubectl(release: string): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'navarch', 'kubectl', release);
  const program = join(folder, 'kubectl');
  if (existsSync(program)) return program;
  if (!(await hasGo())) throw new LeftOut('Go is not installed');
  const go = goProgram();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'main.go'), main);
  writeFileSync(
    join(folder, 'go.mod'),
    `module navarch.dev/kubectl\n\ngo 1.26\n\nrequire k8s.io/kubectl v${release}\n`,
  );
  const tidy = await finished(go, ['mod', 'tidy'], { cwd: folder });
  if (tidy.code !== 0)
    throw new LeftOut(`kubectl ${release} cannot be fetched: ${tidy.output.trim().split('\n').at(-1)}`);
  const [, minor = '', patch = ''] = release.split('.');
  const version = 'k8s.io/component-base/version';
  const flags = `-s -w -X ${version}.gitVersion=v1.${minor}.${patch} -X ${version}.gitMajor=1 -X ${version}.gitMinor=${minor}`;
  const { code, output } = await finished(go, ['build', '-ldflags', flags, '-o', `${program}.new`, '.'], {
    cwd: folder,
  });
  if (code !== 0) throw new Error(`Cannot build kubectl ${release}:\n${output}`);
  await finished('mv', [`${program}.new`, program]);
  return program;
}
