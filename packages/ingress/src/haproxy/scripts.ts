import type { Site } from '../model.ts';
import { digestOf } from './line.ts';
import type { EngineSettings } from './config.ts';

// What HAProxy has no words for is said in Lua: requests that it makes itself. They come in again by an entrance of their own
// and name the backend that they are for, whose endpoints come and go as those of any other.

/** The name of the action that sends a copy: to a backend, of so many out of so many. */
export const MIRROR = 'mirror';
const FILE = 'requests.lua';
const FRONTEND = 'requests';

export interface Scripts {
  /** Lines of the global section. */
  readonly global: readonly string[];
  readonly sections: readonly string[];
  readonly files: ReadonlyMap<string, string>;
}

const NONE: Scripts = { global: [], sections: [], files: new Map() };

/** What it takes for a site's rules that make requests; nothing where there are none. */
export function scriptsOf({ backends }: Site, settings: EngineSettings): Scripts {
  const reached = backends.flatMap(({ rules }) => rules.flatMap((rule) => (rule.do === 'mirror' ? [rule.to] : [])));
  if (reached.length === 0) return NONE;
  // Whoever is on this machine can come to that entrance: only who knows the word gets in.
  const secret = digestOf(`${settings.socket}\n${settings.defaultCertificate}`);
  const entrance = `abns@navarch-${digestOf(settings.socket)}`;
  return {
    global: [`  lua-load ${FILE}`, '  tune.lua.maxmem 64'],
    files: new Map([[FILE, lua({ entrance, secret })]]),
    sections: [
      `frontend ${FRONTEND}`,
      `  bind ${entrance}`,
      `  http-request deny unless { req.hdr(x-navarch-secret) -m str ${secret} }`,
      '  http-request set-var(txn.to) req.hdr(x-navarch-to)',
      '  http-request del-header x-navarch-secret',
      '  http-request del-header x-navarch-to',
      ...[...new Set(reached)].map((id) => `  use_backend ${id} if { var(txn.to) -m str ${id} }`),
    ],
  };
}

/** `host`, `path`, what is passed on, and the body as far as it is kept; a longer one is not copied. */
const lua = ({ entrance, secret }: { readonly entrance: string; readonly secret: string }): string => `
local function kept(txn)
  local headers = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if name ~= 'host' and name ~= 'content-length' and name ~= 'transfer-encoding' and name ~= 'connection' then
      local list = {}
      for _, value in pairs(values) do list[#list + 1] = value end
      headers[name] = list
    end
  end
  return headers
end

local function mirror(txn, to, share, of)
  if math.random(tonumber(of)) > tonumber(share) then return end
  local body = txn.sf:req_body()
  if tonumber(txn.sf:req_body_size()) > #body then return end
  local headers = kept(txn)
  headers['x-navarch-secret'] = { '${secret}' }
  headers['x-navarch-to'] = { to }
  local request = {
    url = 'http://' .. txn.sf:req_hdr('host') .. txn.sf:pathq(),
    headers = headers,
    dst = '${entrance}',
    timeout = 10000,
  }
  if #body > 0 then request.body = body end
  local method = string.lower(txn.sf:method())
  core.register_task(function()
    local client = core.httpclient()
    local send = client[method]
    if send then send(client, request) end
  end)
end

core.register_action('${MIRROR}', { 'http-req' }, mirror, 3)
`;
