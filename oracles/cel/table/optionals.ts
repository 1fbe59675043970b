import { expressionsOf } from './expressions-of.ts';

/** Optional values and optional fields. */
export const optionals = expressionsOf(String.raw`
optional.of(1)
optional.none()
optional.of(1).value()
optional.none().value()
optional.of(1).hasValue()
optional.none().hasValue()
optional.of(1).orValue(2)
optional.none().orValue(2)
optional.of(1).orValue("a")
optional.none().or(optional.of(2))
optional.of(1).or(optional.of(2)).value()
optional.of(1).or(2)
optional.ofNonZeroValue(0)
optional.ofNonZeroValue(1)
optional.ofNonZeroValue("")
optional.ofNonZeroValue([])
optional.ofNonZeroValue({})
optional.ofNonZeroValue(null)
optional.ofNonZeroValue(duration("0s"))
optional.of(1) == optional.of(1)
optional.of(1) == optional.none()
optional.none() == optional.none()
optional.of(1) == 1
object.?metadata.?name
object.?metadata.name
object.?absent.?name
object.?absent.name.orValue("x")
object.?absent.x.y.z
object.spec.?replicas.orValue(7)
object.spec.?absent.orValue(7)
object.metadata.?name.x
object[?"metadata"].hasValue()
[1, 2][?0]
[1, 2][?5]
[1, 2][?"a"]
{"a": 1}[?"a"]
{"a": 1}[?"b"].orValue(3)
{"a": 1}.?a
{"a": 1}.?b
{"a": {"b": 1}}.?a.b
{"a": {"b": 1}}.?a[?"b"]
optional.of([1, 2])[0]
optional.of({"a": 1})["a"]
optional.of([1])[?3]
n.?x
"a".?x
[?optional.of(1), 2]
[?optional.none(), 2]
[?1]
[?object.?x, 1]
[?object.metadata.?name]
{?"a": optional.of(1)}
{?"a": optional.none(), "b": 2}
{?"a": 1}
has(object.?metadata.name)
optional.of(1).optMap(x, x + 1)
optional.none().optMap(x, x + 1)
optional.of(1).optFlatMap(x, optional.of(x + 1))
optional.of(1).optFlatMap(x, x + 1)
optional.of(1).optMap(1, 2)
optional.of("a").optMap(x, x + 1)
object.?metadata.optMap(m, m.name)
[optional.of(1), optional.none()].unwrapOpt()
optional.unwrap([optional.of(1), optional.none()])
[1, 2].first()
[1, 2].last()
[].first()
[1, 2].first().value()
`);
