import { expressionsOf } from './expressions-of.ts';

/** What is right and what is wrong of values whose type is declared, and of such as have none. */
export const declared = expressionsOf(String.raw`
n + 1
n + d
n + u
d + 1.5
s + "x"
s + 1
s.startsWith(1)
s.startsWith()
s.startsWith("h", "e")
startsWith(s, "h")
b && n
b ? n : s
ints[0]
ints["0"]
ints.map(x, x + 1)
ints.map(x, x + "a")
ints.all(x, x.foo)
ints.foo
texts.all(t, t.size() > 0)
texts.map(t, t + 1)
texts.exists(t, t.matches("["))
counts.a + counts.b
counts.c
counts["a"] + "x"
counts.map(k, counts[k])
counts.size() + ints.size() + s.size()
any.a[0] + 1
any.a[1] + 1
any.a[2] + 1.0
any.a.all(x, type(x) == int || type(x) == string || type(x) == double)
any.a.map(x, string(x))
any.b.c
any.a.b
any + 1
any()
any.foo()
any.size()
any == {"a": [1, "x", 2.5]}
n == d
n == object.spec.replicas
n in ints
s in ints
s in texts
s in counts
object in texts
ints == texts
ints == [3, 1, 2]
ints + texts
ints + [1.0]
ints.join(",")
texts.sum()
string(ints)
size(counts) > 1 && counts.all(k, counts[k] > 0)
1 +
  2 + "a"
n +
	s
"ü" + n + "\t" + x
[1, 2].map(ü, ü)
object.spec.containers.filter(c, c.name == "a")[0].image == "r/a:1"
object.metadata.labels.map(k, object.metadata.labels[k]).sort()
object.metadata.labels["example.com/tier"].startsWith("f")
object.spec.containers.all(c, object.spec.containers.exists_one(o, o.name == c.name))
`);
