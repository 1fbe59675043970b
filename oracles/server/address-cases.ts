import type { Scenario } from './scenario.ts';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const;

export const addresses: readonly Scenario[] = [
  {
    name: 'methods and paths',
    async run({ namespace, ask, quietly }) {
      const list = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      // Objects of other scenarios are there too.
      const everywhere = '/apis/oracle.dev/v1/widgets';
      const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
      await quietly('POST', list, { body: { apiVersion: 'oracle.dev/v1', kind: 'Widget', metadata: { name: 'a' } } });
      for (const path of [
        list,
        `${list}/a`,
        `${list}/a/status`,
        `${list}/a/scale`,
        everywhere,
        '/apis/oracle.dev/v1',
        '/apis/oracle.dev',
        definitions,
        `${definitions}/widgets.oracle.dev`,
        `${definitions}/widgets.oracle.dev/status`,
        `${definitions}/widgets.oracle.dev/other`,
        `${definitions}/none`,
        '/apis/apiextensions.k8s.io/v1',
        '/apis/apiextensions.k8s.io/v1/others',
        '/version',
        '/healthz',
        '/readyz',
        '/',
        '/apis/more.oracle.dev/v1/gadgets',
        '/openapi/v3',
        '/openapi/v2',
        '/metrics',
        '/unknown',
      ]) {
        for (const method of METHODS) {
          // A server of definitions alone has less to tell of itself.
          const isBodyOpen =
            /^\/(?:$|openapi|metrics|version)/.test(path) || path.startsWith(definitions) || path === everywhere;
          if (method === 'DELETE' && path.startsWith(definitions)) continue;
          await ask(method, path, { isBodyOpen });
        }
      }
      for (const path of [
        `${definitions}//none`,
        `${definitions}/none/`,
        `${definitions}/none//status`,
        `${definitions}//status`,
        `${definitions}/none%2Fstatus`,
        `${definitions}/..`,
        `${definitions}/%2e`,
        `${definitions}/a%20b`,
        `${definitions}/none/status/more`,
        `${definitions}?watch=0&limit=1`,
        '/apis/apiextensions.k8s.io//v1/customresourcedefinitions',
        '/apis/apiextensions.k8s.io/v1//customresourcedefinitions',
        '//apis/apiextensions.k8s.io/v1/customresourcedefinitions',
        '/apis/apiextensions.k8s.io/v1/namespaces/x/customresourcedefinitions',
        '/apis/apiextensions.k8s.io/v1/watch/customresourcedefinitions?timeoutSeconds=1',
        '/apis/apiextensions.k8s.io/v1/proxy/customresourcedefinitions/none',
        '/apis/apiextensions.k8s.io/v2',
        `${list}/`,
        `${list}//a`,
        `${list}/a/`,
        `${list}/a//status`,
        `//apis/oracle.dev/v1/namespaces/${namespace}/widgets`,
        `/apis//oracle.dev/v1`,
        '/apis/oracle.dev/v1/',
        '/apis/oracle.dev/',
        `/apis/oracle.dev/v1/namespaces/${namespace}`,
        '/apis/oracle.dev/v1/namespaces',
        `/apis/oracle.dev/v1/namespaces/${namespace}/`,
        `${list}/%61`,
        `${list}/a%2Fstatus`,
        `${list}/..`,
        `${list}/../widgets`,
        `${list}/.`,
        `${list}/%2e%2e`,
        `${list}/a%00`,
        `${list}/a%20b`,
        `${list}/A`,
        `${list}/a%3F`,
        `${list}/${'x'.repeat(300)}`,
        `/apis/oracle.dev/v2/namespaces/${namespace}/widgets`,
        `/apis/oracle.dev/v1/namespaces/${namespace}/gizmos`,
        '/apis/oracle.dev/v1/gizmos',
        '/apis/other.dev',
        '/apis/other.dev/v1',
        '/apis/other.dev/v1/things',
        '/apis/oracle.dev/v1/widgets/a',
        '/apis/more.oracle.dev/v1/namespaces/x/gadgets',
        '/apis/more.oracle.dev/v1/gadgets/a/status',
        '/apis/more.oracle.dev/v1/gadgets/a/scale',
        `${list}/a/scale/more`,
        `${list}/a?`,
        `${list}/a?&&`,
        `${list}/a?pretty`,
        `${list}/a?pretty=%zz`,
        `${list}/a?x=;y`,
        `${list}?watch&timeoutSeconds=1`,
        `${list}?limit=1&limit=2`,
        '/apis/oracle.dev/v1/namespaces//widgets',
        '/apis/oracle.dev/v1/namespaces/A/widgets',
        '/apis/oracle.dev/v1/namespaces/a%20b/widgets',
        '/apis/oracle.dev/v1/watch/widgets/a',
        '/apis/oracle.dev/v1/proxy/namespaces/x/widgets/a',
        '/apis/oracle.dev/v1//widgets',
        '/APIS/oracle.dev',
        '/apis/Oracle.dev/v1',
        '/healthz/',
        '/healthz/ping',
        '/healthz/none',
        '/livez/ping',
        '/livez/none',
        '/livez?exclude=none',
        '/livez/',
        '/version/',
        '//',
        '////',
        '//version',
        '/versions',
        '/openapi',
        '/openapi/v4',
        '/metrics/none',
        '/.well-known/none',
        '/statusz/x',
        '/robots.txt',
        '/ui',
        '/static',
        '/swaggerapi',
        '/swagger.json',
        '/logs',
      ]) {
        await ask('GET', path, {
          isBodyOpen:
            /watch|namespaces\/\/widgets$|customresourcedefinitions.*limit=1$/.test(path) || path === '/version/',
        });
        if (path.startsWith(list)) await ask('DELETE', `${path}${path.includes('?') ? '&' : '?'}dryRun=All`);
      }
    },
  },
  {
    name: 'headers',
    async run({ namespace, ask, quietly }) {
      const list = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      const body = {
        apiVersion: 'oracle.dev/v1',
        kind: 'Widget',
        metadata: { name: 'a' },
        spec: { any: { x: 'x'.repeat(140_000) } },
      };
      await quietly('POST', list, { body });
      for (const encoding of [
        'gzip',
        'gzip, deflate',
        'deflate',
        'br',
        '*',
        'identity',
        'gzip;q=0',
        'GZIP',
        'x-gzip',
        'gzip;q=0.5',
        '',
      ])
        for (const path of [`${list}/a`, list, `${list}/none`])
          await ask('GET', path, { headers: { 'accept-encoding': encoding } });
      for (const [name, value] of [
        ['if-none-match', '*'],
        ['if-match', 'x'],
        ['if-modified-since', 'Sat, 21 Nov 2026 20:00:00 GMT'],
        ['range', 'bytes=0-10'],
        ['expect', '100-continue'],
        ['x-http-method-override', 'DELETE'],
        ['content-encoding', 'gzip'],
        ['transfer-encoding', 'chunked'],
        ['audit-id', 'mine'],
        ['origin', 'https://x.dev'],
        ['te', 'trailers'],
        ['x-forwarded-for', '1.2.3.4'],
      ] as const) {
        await ask('GET', `${list}/none`, { headers: { [name]: value } });
      }
      await ask('POST', list, { body, headers: { 'content-encoding': 'gzip' } });
      for (const group of ['oracle.dev', 'more.oracle.dev']) {
        await ask('GET', `/apis/${group}`);
        await ask('GET', `/apis/${group}/v1`);
        const document = await quietly('GET', `/openapi/v3/apis/${group}/v1`);
        await ask('HEAD', `/openapi/v3/apis/${group}/v1`);
        await ask('GET', `/openapi/v3/apis/${group}/v1`, {
          headers: { 'if-none-match': String(document.headers['etag']) },
        });
        await ask('GET', `/openapi/v3/apis/${group}/v1?hash=x`);
      }
    },
  },
];
