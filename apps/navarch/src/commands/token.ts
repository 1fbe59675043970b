import { existsSync } from 'node:fs';
import { endpoints } from '@navarch/api';
import { type Api, httpApi } from '@navarch/client';
import { hasReason } from '@navarch/machinery';
import { httpTransport, loadAccess } from '@navarch/node/client';
import { publicKeyPin } from '@navarch/node/pki';
import { systemClock } from '@navarch/node/system';
import { DEFAULTS, durationOf, urlOf } from '../cluster/flags.ts';
import { layoutOf } from '../cluster/layout.ts';
import { clusterOption } from '../cluster/usual-cluster.ts';
import { joinCommand, joinTokenText } from '../join/join-token.ts';
import { createToken, deleteToken, listTokens } from '../join/tokens.ts';
import { UserError } from '../user-error.ts';
import type { Declare } from './declare.ts';

const HELP = `
A token lets machines join until it expires. It names the cluster's certificate authority, so that a machine that joins
can tell the real server from another before it sends anything. Machines that have joined need it no more.

Examples:
  ./navarch token create                 prints the line to run on the machine that joins
  ./navarch token create --ttl 1h -q     only the token
  ./navarch token list
  ./navarch token delete abcdef
`;

interface Flags {
  readonly name: string;
  readonly kubeconfig?: string;
}

export const declareToken: Declare = (program) => {
  const token = program
    .command('token')
    .description('Tokens with which other machines join the cluster')
    .addHelpText('after', HELP);
  const shared = (name: string, description: string): ReturnType<typeof token.command> =>
    token
      .command(name)
      .description(description)
      .addOption(clusterOption())
      .option(
        '--kubeconfig <file>',
        'how to reach the cluster (default: as the administrator of the one on this machine)',
      );
  shared('create', 'Make a token and print how a machine joins with it')
    .option('--ttl <time>', 'how long machines may join with it, such as 30m, 24h or 7d', '24h')
    .option('--server <url>', 'the address of the server to print (default: the one it advertises)')
    .option('--description <text>', 'what it is for', '')
    .option('-q, --quiet', 'print the token alone')
    .action((flags: Flags & CreateFlags) => create(flags));
  shared('list', 'Name the tokens, without their secrets').action((flags: Flags) =>
    withApi(flags, async (api) => {
      const rows = (await listTokens(api)).map(({ id, expiresAt, usages, description }) => [
        id,
        expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString(),
        usages.join(','),
        description,
      ]);
      say(table([['ID', 'EXPIRES', 'USAGES', 'DESCRIPTION'], ...rows]));
    }),
  );
  shared('delete', 'Let nobody join with a token any more')
    .argument('<id>', 'the six letters before the dot')
    .action((id: string, flags: Flags) =>
      withApi(flags, async (api) => {
        try {
          await deleteToken(api, id.split('.')[0] ?? id);
        } catch (error) {
          if (hasReason(error, 'NotFound'))
            throw new UserError(`there is no token ${id.split('.')[0]}: \`navarch token list\` names them`, {
              cause: error,
            });
          throw error;
        }
        say(`Token ${id.split('.')[0]} is deleted.`);
      }),
    );
};

interface CreateFlags {
  readonly ttl: string;
  readonly server?: string;
  readonly description: string;
  readonly quiet?: boolean;
}

const create = (flags: Flags & CreateFlags): Promise<void> =>
  withApi(flags, async (api, { authority }) => {
    const expiresAt = Date.now() + durationOf('--ttl', flags.ttl);
    const token = await createToken(api, { pin: publicKeyPin(authority), expiresAt, description: flags.description });
    if (flags.quiet) say(joinTokenText(token));
    else say(joinCommand(flags.server ?? (await advertised(api)), token));
  });

async function advertised(api: Api): Promise<string> {
  const { subsets } = await api.of(endpoints).get('default/kubernetes');
  const [subset] = subsets ?? [];
  return urlOf(subset?.addresses?.[0]?.ip ?? '127.0.0.1', subset?.ports?.[0]?.port ?? DEFAULTS.port);
}

async function withApi(
  flags: Flags,
  work: (api: Api, access: { readonly authority: string }) => Promise<void>,
): Promise<void> {
  const layout = layoutOf(flags.name);
  const file = flags.kubeconfig ?? layout.adminKubeconfig;
  if (!existsSync(file)) {
    throw new UserError(
      flags.kubeconfig
        ? `there is no file ${file}`
        : `there is no cluster ${layout.name} on this machine: run this where \`navarch server\` or \`navarch up\` ran, or give --kubeconfig`,
    );
  }
  const access = loadAccess(file);
  if (access.authority === undefined)
    throw new UserError(`the kubeconfig ${file} does not say which certificate authority the server has`);
  using transport = httpTransport(access);
  await work(httpApi({ transport, clock: systemClock, userAgent: 'navarch' }, new AbortController().signal), {
    authority: access.authority,
  });
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
        .join('')
        .trimEnd(),
    )
    .join('\n');
}
