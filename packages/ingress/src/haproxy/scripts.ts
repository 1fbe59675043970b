import type { Rule, Site } from '../model.ts';
import { digestOf } from './line.ts';
import type { EngineSettings } from './settings.ts';

// What HAProxy has no words for is said in Lua: requests that it makes itself. They come in again by an entrance of their own
// and name the backend that they are for, whose endpoints come and go as those of any other.

/** The names of actions. */
export const ACTIONS = { mirror: 'mirror', ask: 'ask', explain: 'explain' } as const;
/** Where they leave what came of it. */
export const ASKED = { status: 'txn.asked_status', challenge: 'txn.asked_challenge' } as const;
export const EXPLAINED = { body: 'txn.explained_body', type: 'txn.explained_type' } as const;
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
  const reached = backends.flatMap(({ rules }) => rules.flatMap(reachedBy));
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

function reachedBy(rule: Rule): readonly string[] {
  if (rule.do === 'ask') return [rule.question.to];
  return rule.do === 'mirror' || rule.do === 'explain' ? [rule.to] : [];
}

/** Bodies are copied as far as they are kept; a longer one is not copied at all. Words of people come as arguments only. */
const lua = ({ entrance, secret }: { readonly entrance: string; readonly secret: string }): string => `
local hop = { host = true, connection = true, ['content-length'] = true, ['transfer-encoding'] = true,
  upgrade = true, expect = true, te = true, ['accept-encoding'] = true }

local function request(to, host, path, headers)
  headers['x-navarch-secret'] = { '${secret}' }
  headers['x-navarch-to'] = { to }
  return { url = 'http://' .. host .. path, headers = headers, dst = '${entrance}', timeout = 10000 }
end

local function passed(all)
  local headers = {}
  for name, values in pairs(all) do
    if not hop[name] then
      local list = {}
      for _, value in pairs(values) do list[#list + 1] = value end
      headers[name] = list
    end
  end
  return headers
end

local function first(headers, name)
  for _, value in pairs((headers or {})[name] or {}) do return value end
end

local function mirror(txn, to, share, of)
  if math.random(tonumber(of)) > tonumber(share) then return end
  local body = txn.sf:req_body()
  if tonumber(txn.sf:req_body_size()) > #body then return end
  local copy = request(to, txn.sf:req_hdr('host'), txn.sf:pathq(), passed(txn.http:req_get_headers()))
  if #body > 0 then copy.body = body end
  local method = string.lower(txn.sf:method())
  core.register_task(function()
    local client = core.httpclient()
    if client[method] then client[method](client, copy) end
  end)
end

local function ask(txn, to, method, host, path, taken)
  local headers = passed(txn.http:req_get_headers())
  local place = txn.sf:req_hdr('x-forwarded-proto') .. '://' .. txn.sf:req_hdr('host') .. txn.sf:pathq()
  headers['x-original-url'] = { place }
  headers['x-original-method'] = { txn.sf:method() }
  headers['x-auth-request-redirect'] = { txn.sf:pathq() }
  local client = core.httpclient()
  local answer = client[method](client, request(to, host, path, headers))
  txn:set_var('${ASKED.status}', answer and answer.status or 0)
  local challenge = first(answer and answer.headers, 'www-authenticate')
  if challenge then txn:set_var('${ASKED.challenge}', challenge) end
  for name in string.gmatch(taken, '[^,]+') do
    local value = first(answer and answer.headers, name)
    txn.http:req_del_header(name)
    if value then txn.http:req_set_header(name, value) end
  end
end

local function explain(txn, to, said)
  local headers = { ['x-code'] = { txn.sf:status() } }
  for name, value in string.gmatch(said, '([^=,]+)=([^,]*)') do headers[name] = { value } end
  for header, kept in pairs({ ['x-format'] = 'txn.asked_format', ['x-original-uri'] = 'txn.asked_uri',
    ['x-request-id'] = 'txn.asked_id' }) do
    local value = txn:get_var(kept)
    if value then headers[header] = { value } end
  end
  local answer = core.httpclient():get(request(to, txn:get_var('txn.host') or 'error', '/', headers))
  if not answer or answer.status == 0 then return end
  txn:set_var('${EXPLAINED.body}', answer.body or '')
  txn:set_var('${EXPLAINED.type}', first(answer.headers, 'content-type') or 'text/plain')
end

core.register_action('${ACTIONS.mirror}', { 'http-req' }, mirror, 3)
core.register_action('${ACTIONS.ask}', { 'http-req' }, ask, 5)
core.register_action('${ACTIONS.explain}', { 'http-res' }, explain, 2)
`;
