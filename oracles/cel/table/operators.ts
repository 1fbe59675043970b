import { expressionsOf } from './expressions-of.ts';

/** Arithmetic, equality, order, logic, `in`, and what indexes and builds lists and maps. */
export const operators = expressionsOf(String.raw`
1 + 2 * 3
1 - 2 - 3
10 / 3
-10 / 3
-7 % 3
7 % -3
7 % 0
1 / 0
1.0 / 0.0
-1.0 / 0.0
7.5 / 2.5
2.5 * 2.0
1u + 2u
1u - 2u
3u / 2u
3u % 2u
1u / 0u
9223372036854775807 + 1
-9223372036854775808 - 1
9223372036854775807 * 2
18446744073709551615u + 1u
-9223372036854775808
--9223372036854775808
9223372036854775808
18446744073709551616u
0x10 + 1
0xFFu
0X10
-0x10
1e3
1.5e-3
.5 + .5
1.
1 + 1.0
1 + 1u
1 + "a"
"a" + 1
"a" + "b"
b"a" + b"b"
[1] + [2]
[1] + ["a"]
[1] + []
[] + []
{} + {}
true + true
null + null
1 == 1.0
1 == 1u
dyn(1) == 1.0
dyn(1) == 1u
dyn(1) == "1"
1 == "1"
"a" == "a"
"a" != "b"
b"a" == b"\x61"
[1, 2] == [1, 2]
[1, 2] == [2, 1]
[1, 2] != [1]
{"a": 1} == {"a": 1}
{"a": 1} == {"a": 1.0}
dyn({"a": 1}) == dyn({"a": 1.0})
{"a": 1, "b": 2} == {"b": 2, "a": 1}
null == null
null == 1
[] == null
object == null
s == null
duration("1h") == null
quantity("1Ki") == null
null != ip("::1")
[url("http://a/")] == [null]
semver("1.2.3") == null
true == false
type(1) == int
type(1) == uint
type("a") == string
type([]) == list
type({}) == map
type(null) == null_type
type(type(1)) == type
type(1.0)
type(b"a")
type(1u)
type(true)
type(timestamp("2020-01-01T00:00:00Z"))
type(duration("1s"))
type(optional.none())
type(object)
type(quantity("1"))
type(ip("1.2.3.4"))
type(url("http://a"))
int
list
google.protobuf.Timestamp
google.protobuf.Duration
google.protobuf.Any
kubernetes.Quantity
net.IP
net.CIDR
optional_type
1 < 2
1 < 1.5
1 < 2u
1u < 2
1.5 < 2u
1.5 <= 1
2u >= 1.5
"a" < "b"
"a" < 1
b"a" < b"b"
b"ab" < b"b"
b"a" <= b"a"
"ü" > "z"
"\U0001F600" > "\uffff"
true > false
null < null
[1] < [2]
{} < {}
duration("1s") < duration("1m")
timestamp("2020-01-01T00:00:00Z") < timestamp("2021-01-01T00:00:00Z")
timestamp("2020-01-01T00:00:00Z") < duration("1s")
!true
!!true
!1
-n
-u
-s
-duration("1s")
- 5
-(-5)
!(n > 3)
-2.5
-d
true && false
true || false
1 && true
true && 1
"a" || true
(1 / 0 == 1) || true
true || (1 / 0 == 1)
(1 / 0 == 1) || false
false || (1 / 0 == 1)
(1 / 0 == 1) && false
false && (1 / 0 == 1)
(1 / 0 == 1) && true
object.a || true
object.spec.paused && true
object.spec.replicas && true
object.spec.replicas || true
true && true && true && true && false
true ? 1 : 2
false ? 1 : 2
true ? 1 : "a"
1 ? 1 : 2
true ? 1 : 1 / 0
object.spec.replicas > 2 ? "many" : "few"
true ? dyn(1) : "a"
true ? [] : [1]
1 in [1, 2]
1 / 0 in []
3 in [1, 2]
"a" in [1]
1.0 in [1]
dyn(1.0) in [1]
"a" in {"a": 1}
1 in {"a": 1}
"app" in object.metadata.labels
1 in object.metadata.labels
"a" in object.spec.containers
"a" in "abc"
1 in 1
[1, 2][0]
[1, 2][2]
[1, 2][-1]
[1, 2]["a"]
[1, 2][0.0]
[1, 2][dyn(1.0)]
[1, 2][dyn(1.5)]
[1, 2][dyn("a")]
[1, 2][1u]
{"a": 1}["a"]
{"a": 1}["b"]
{"a": 1}[1]
{1: "a"}[1]
{1: "a"}[dyn(1.0)]
{1: "a"}[dyn(1u)]
{true: "a"}[true]
{1.5: "a"}
{null: 1}
{"a": 1, "a": 2}
{"a": 1, "b": "c"}
{"a": 1, 1: 2}
{"a": dyn(1), "b": dyn("c")}
[1, "a"]
[1, 1.0]
[dyn(1), "a"]
[1, dyn("a")]
[dyn(1), dyn("a")]
[1, null]
[[1], []]
[[], [1]]
[[1], ["a"]]
[{}, {"a": 1}]
[optional.of(1), optional.none()]
"abc"[0]
1[0]
`);
