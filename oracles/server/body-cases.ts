import type { Scenario } from './scenario.ts';

const head = '"apiVersion":"oracle.dev/v1","kind":"Widget"';

/** Bodies that are wrong, or strange, in their syntax or in what they say they are. */
const BODIES = [
  '',
  ' ',
  '\n',
  'null',
  'true',
  '1',
  '"x"',
  '[]',
  '{}',
  '{',
  '}',
  '[',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,}',
  "{'a':1}",
  '{"a":1}{"b":2}',
  `{${head},"metadata":{"name":"a"}}{}`,
  `{${head},"metadata":{"name":"a"}} x`,
  'x',
  '\u0000',
  '\ufeff{}',
  `{${head}}`,
  `{${head},"metadata":null}`,
  `{${head},"metadata":[]}`,
  `{${head},"metadata":"x"}`,
  `{${head},"metadata":{}}`,
  `{${head},"metadata":{"name":""}}`,
  `{${head},"metadata":{"name":1}}`,
  `{${head},"metadata":{"name":null}}`,
  `{${head},"metadata":{"name":"a","namespace":"other"}}`,
  `{${head},"metadata":{"name":"A"}}`,
  `{${head},"metadata":{"name":"a b"}}`,
  `{${head},"metadata":{"name":"a/b"}}`,
  `{${head},"metadata":{"name":".."}}`,
  `{${head},"metadata":{"name":"."}}`,
  `{${head},"metadata":{"name":"a%b"}}`,
  '{"metadata":{"name":"a"}}',
  '{"kind":"Widget","metadata":{"name":"a"}}',
  '{"apiVersion":"oracle.dev/v1","metadata":{"name":"a"}}',
  '{"apiVersion":"oracle.dev/v2","kind":"Widget","metadata":{"name":"a"}}',
  '{"apiVersion":"v1","kind":"Widget","metadata":{"name":"a"}}',
  '{"apiVersion":"oracle.dev/v1","kind":"Gadget","metadata":{"name":"a"}}',
  '{"apiVersion":"oracle.dev/v1","kind":"WidgetList","metadata":{},"items":[]}',
  '{"apiVersion":"other.dev/v1","kind":"Widget","metadata":{"name":"a"}}',
  '{"apiVersion":1,"kind":"Widget"}',
  '{"apiVersion":"oracle.dev/v1","kind":2}',
  '{"apiVersion":"a/b/c","kind":"Widget"}',
  '{"apiVersion":"","kind":"","metadata":{"name":"a"}}',
  '{"APIVERSION":"oracle.dev/v1","Kind":"Widget","metadata":{"name":"a"}}',
  `{${head},"metadata":{"name":"a"},"metadata":{"name":"b"}}`,
  `{${head},"kind":"Gadget","metadata":{"name":"a"}}`,
  `{${head},"metadata":{"name":"a","name":"b"}}`,
  `{${head},"metadata":{"name":"a","labels":{"x":"1","x":"2"}}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":1,"size":2,"size":3}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"unknown":1,"size":2},"more":{}}`,
  `{${head},"metadata":{"name":"a","unknown":1},"spec":{}}`,
  `{${head},"metadata":{"name":"a","unknown":1,"unknown":2},"spec":{"a":1,"a":2,"size":1,"size":1}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"parts":[{"name":"p","x":1,"x":2},{"name":"q","y":{}}]}}`,
  `{${head},"metadata":{"name":"a"},"Spec":{}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"any":{"x":1,"x":2}}}`,
  `{${head},"metadata":{"name":"a"},"spec":null}`,
  `{${head},"metadata":{"name":"a"},"spec":[]}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":"1"}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":1.5}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":1.0}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":1e3}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":9223372036854775807}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":9223372036854775808}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":-1}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"size":null,"name":null,"when":null}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"ratio":1}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"ratio":1.0}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"ratio":1e400}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"ratio":0.1000,"any":{"x":1e21,"y":-0,"z":1E-7,"w":100000000000000000000}}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"mixed":"5%"}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"mixed":1.5}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"name":"ABC"}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"set":["a","b","a"]}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"parts":[{"name":"a"},{"name":"a"},{}]}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"when":"yesterday"}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"name":"a\\ud800"}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"name":"\\u0041","labels":{"<>&":"<>&\u2028"}}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"list":["",null]}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"on":"true"}}`,
  `{${head},"metadata":{"name":"a"},"status":{"size":1}}`,
  `{${head},"metadata":{"name":"a"},"status":null}`,
  `${'['.repeat(20000)}`,
  `{${head},"metadata":{"name":"a"},"spec":{"any":${'{"x":'.repeat(10_001)}1${'}'.repeat(10_001)}}}`,
  `{${head},"metadata":{"name":"a"},"spec":{"any":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`,
];

const YAML = [
  '',
  '---',
  'a: b',
  '- a',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\n',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 1\n  size: 2\n',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  unknown: 1\n',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata: {name: a}\n---\nx: 1\n',
  'a: [',
  'a: b: c',
  '\t',
  'a: &x 1\nb: *x',
  'a: *x',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  name: yes\n',
  'apiVersion: oracle.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 0x10\n',
  '{"apiVersion":"oracle.dev/v1","kind":"Widget","metadata":{"name":"a"}}',
  'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n',
];

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const typedHead = '"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition"';
const names = '"names":{"plural":"xs","kind":"X"}';
const version = '{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}';
const TYPED = [
  `{${typedHead}}`,
  `{${typedHead},"metadata":{"name":"x"}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{"group":"d.dev","scope":"Cluster",${names},"versions":[${version}]}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{"group":"d.dev","scope":"Cluster",${names},"versions":[${version}],"unknown":1,"group":"d.dev"},"more":1}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{"group":1}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{"versions":{}}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev"},"spec":{"versions":[{"served":"yes"}]}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev","labels":{"a":1}}}`,
  `{${typedHead},"metadata":{"name":"xs.d.dev","creationTimestamp":"x"}}`,
  `{${typedHead},"metadata":{"generation":"x"}}`,
  `{${typedHead},"metadata":{"generation":1.5}}`,
  `{${typedHead},"spec":null}`,
  `{${typedHead},"spec":"x"}`,
  `{${typedHead},"SPEC":{"Group":"d.dev"}}`,
  '{"kind":"Widget","apiVersion":"oracle.dev/v1"}',
  '{"kind":"CustomResourceDefinition"}',
  '{"apiVersion":"apiextensions.k8s.io/v1beta1","kind":"CustomResourceDefinition"}',
  '{"metadata":{"name":"x"}}',
  '[]',
  'null',
  '',
  '{',
  '{"a":}',
  `{${typedHead},"metadata":{"name":"a"},"metadata":{"name":"a"}}`,
  '"x"',
  '1',
];

const validations = [
  '',
  '?fieldValidation=Ignore',
  '?fieldValidation=Warn',
  '?fieldValidation=Strict',
  '?fieldValidation=strict',
  '?fieldValidation=',
];

export const bodies: readonly Scenario[] = [
  {
    name: 'bodies of custom resources',
    async run({ namespace, ask, quietly }) {
      const widgets = `/apis/oracle.dev/v1/namespaces/${namespace}/widgets`;
      for (const body of BODIES) {
        await ask('POST', widgets, { body });
        await ask('PUT', `${widgets}/a`, { body });
        await ask('PUT', `${widgets}/a/status`, { body });
        await quietly('DELETE', widgets);
      }
      for (const validation of validations) {
        for (const body of BODIES.slice(0, -3)) {
          await ask('POST', `${widgets}${validation}`, { body });
          await quietly('DELETE', widgets);
        }
      }
      for (const body of YAML) {
        for (const validation of validations)
          await ask('POST', `${widgets}${validation}`, { body, type: 'application/yaml' });
        await ask('PUT', `${widgets}/a`, { body, type: 'application/yaml' });
        await quietly('DELETE', widgets);
      }
    },
  },
  {
    name: 'bodies of what is typed',
    async run({ ask }) {
      for (const validation of validations) {
        for (const body of TYPED) {
          await ask('POST', `${DEFINITIONS}${validation ? `${validation}&` : '?'}dryRun=All`, { body });
          await ask('PUT', `${DEFINITIONS}/widgets.oracle.dev${validation ? `${validation}&` : '?'}dryRun=All`, {
            body,
          });
        }
      }
      for (const body of YAML) await ask('POST', `${DEFINITIONS}?dryRun=All`, { body, type: 'application/yaml' });
    },
  },
];
