import { expressionsOf } from './expressions-of.ts';

/** Fields, `has()` and sizes. */
export const members = expressionsOf(String.raw`
object.metadata.name
object.metadata.absent
object.absent.x
object.spec.replicas.x
object.spec["x-y"]
object.spec.x__dash__y
object["spec"]["replicas"]
object.spec.containers[0].name
object.spec.containers[5].name
object.spec.containers[0].name.x
object.spec.nothing
object.spec.nothing.x
has(object.metadata)
has(object.absent)
has(object.absent.x)
has(object.spec.nothing)
has(object.spec.replicas.x)
has(object)
has(object["a"])
has(1)
has(object.a, 1)
has({"a": 1}.a)
has({"a": 1}.b)
has([1].a)
has("a".b)
"a".b
[1].a
n.x
{"a": 1}.a
{"a": 1}.b
{1: 1}.a
absent
absent.x
absent()
absent(1)
s.absent()
n.absent(1)
size()
size(1, 2)
size(1)
size("abc")
size("ü\U0001F600")
size(b"ü")
size([1, 2])
size({"a": 1})
"abc".size()
[1].size()
{}.size()
n.size()
size(object)
object.size()
object.spec.replicas.size()
size(null)
`);
