/** Values that expressions of the table may use. */
export const variables = {
  object: 'dyn', n: 'int', u: 'uint', d: 'double', s: 'string', b: 'bool', ints: 'list(int)', texts: 'list(string)', counts: 'map(string, int)', any: 'dyn', maybe: 'list(dyn)',
} as const;

export const values = {
  object: {
    metadata: { name: 'web', labels: { app: 'web', 'example.com/tier': 'front' } },
    spec: { replicas: 3, ratio: 0.5, paused: false, 'x-y': 1, containers: [{ name: 'a', image: 'r/a:1' }, { name: 'b', image: 'b' }], nothing: null },
  },
  n: 7, d: 2.5, s: 'hello', b: true, ints: [3, 1, 2], texts: ['b', 'a', 'ü'], counts: { a: 1, b: 2 }, any: { a: [1, 'x', 2.5] }, maybe: [1, 'a', 1.5, true, null],
};

/** One a line; what is right and what is wrong, of every operator, macro and function. */
export const expressions: readonly string[] = String.raw`
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
int(1.9)
int(-1.9)
int("12")
int("-12")
int("+12")
int("1_000")
int("a")
int("")
int("0x10")
int("9223372036854775808")
int(9223372036854775807.0)
int(1e30)
int(18446744073709551615u)
int(true)
int(timestamp("2020-01-01T00:00:00Z"))
int(timestamp("1960-01-01T00:00:00.5Z"))
int(duration("1s"))
int(object.spec.ratio)
int(object.metadata.name)
int(object)
uint(1)
uint(-1)
uint(1.9)
uint(-0.5)
uint("12")
uint("-12")
uint("a")
uint(1e30)
uint(1u)
double(1)
double("1.5")
double("1e3")
double("Inf")
double("-Infinity")
double("NaN")
double("a")
double("1e999")
double(1u)
double(true)
string(1)
string(1u)
string(1.5)
string(1.0)
string(1e6)
string(123456.0)
string(1234567.5)
string(1e20)
string(1e21)
string(1e-5)
string(0.0001)
string(-0.0)
string(1.0/0.0)
string(0.1 + 0.2)
string(true)
string("a")
string(b"abc")
string(b"\xff")
string(null)
string([1])
string(timestamp("2020-01-01T00:00:00Z"))
string(timestamp("2020-01-01T00:00:00.123456789Z"))
string(timestamp("2020-01-01T00:00:00.120Z"))
string(timestamp("2020-01-01T02:00:00+02:00"))
string(duration("1h30m"))
string(duration("1.5s"))
string(duration("-1.5s"))
string(duration("1ns"))
string(duration("0s"))
string(type(1))
bool("true")
bool("True")
bool("TRUE")
bool("t")
bool("1")
bool("false")
bool("tRUE")
bool("yes")
bool(1)
bool(true)
bytes("ü")
bytes(b"a")
bytes(1)
dyn(1)
dyn(1) + "a"
dyn("a") + 1
dyn(1) + 1.0
dyn([1]) + [2]
timestamp("2020-01-01T00:00:00Z")
timestamp("2020-01-01")
timestamp("2020-13-01T00:00:00Z")
timestamp("2020-02-30T00:00:00Z")
timestamp("2020-01-01T00:00:00")
timestamp("2020-01-01 00:00:00Z")
timestamp("a")
timestamp(s)
timestamp(0)
timestamp(1577836800)
timestamp(253402300800)
timestamp(-62135596801)
timestamp("0000-01-01T00:00:00Z")
timestamp("9999-12-31T23:59:59.999999999Z")
timestamp("2020-01-01T00:00:00.1234567891Z")
duration("1h")
duration("1h30m5s")
duration("100ms")
duration("1us")
duration("-1h")
duration("1")
duration("1d")
duration("a")
duration(s)
duration("")
duration(1)
timestamp("2020-01-01T00:00:00Z") + duration("1h")
duration("1h") + timestamp("2020-01-01T00:00:00Z")
duration("1h") + duration("1m")
duration("1h") - duration("2h")
timestamp("2020-01-01T00:00:00Z") - duration("1h")
timestamp("2020-01-01T00:00:00Z") - timestamp("2019-01-01T00:00:00Z")
timestamp("9999-12-31T23:59:59Z") + duration("1s")
duration("1h") - timestamp("2020-01-01T00:00:00Z")
duration("1h") * 2
timestamp("2020-02-03T04:05:06.789Z").getFullYear()
timestamp("2020-02-03T04:05:06.789Z").getMonth()
timestamp("2020-02-03T04:05:06.789Z").getDate()
timestamp("2020-02-03T04:05:06.789Z").getDayOfMonth()
timestamp("2020-02-03T04:05:06.789Z").getDayOfWeek()
timestamp("2020-02-03T04:05:06.789Z").getDayOfYear()
timestamp("2020-02-03T04:05:06.789Z").getHours()
timestamp("2020-02-03T04:05:06.789Z").getMinutes()
timestamp("2020-02-03T04:05:06.789Z").getSeconds()
timestamp("2020-02-03T04:05:06.789Z").getMilliseconds()
timestamp("2020-02-03T23:05:06Z").getHours("+02:00")
timestamp("2020-02-03T23:05:06Z").getDate("+02:00")
timestamp("2020-02-03T01:05:06Z").getDate("-02:30")
timestamp("2020-02-03T23:05:06Z").getHours("02:00")
timestamp("2020-07-03T23:05:06Z").getHours("Europe/Berlin")
timestamp("2020-02-03T23:05:06Z").getHours("America/New_York")
timestamp("2020-02-03T23:05:06Z").getHours("Nowhere/Else")
timestamp("2020-02-03T23:05:06Z").getHours("UTC")
timestamp("1960-02-03T23:05:06.5Z").getMilliseconds()
duration("90m").getHours()
duration("90m").getMinutes()
duration("90m").getSeconds()
duration("90.5s").getMilliseconds()
duration("-90m").getHours()
duration("90m").getFullYear()
duration("90m").getHours("UTC")
[1, 2, 3].all(x, x > 0)
[1, 2, 3].all(x, x > 1)
[].all(x, x > 0)
[1, 2, 3].all(x, x)
[1, 2, 3].all(x, "a")
[1, 0].all(x, 1 / x == 1)
[0, 2].all(x, 1 / x == 1)
[1, 2, 3].exists(x, x > 2)
[0, 1].exists(x, 1 / x == 1)
[0, 2].exists(x, 1 / x == 1)
[].exists(x, x > 0)
[1, 2].exists(x, x)
[1, 2, 3].exists_one(x, x > 2)
[1, 2, 3].exists_one(x, x > 1)
[1, 2, 3].existsOne(x, x > 2)
[0, 1].exists_one(x, 1 / x == 1)
[1, 2, 3].map(x, x * 2)
[1, 2, 3].map(x, x > 1, x * 2)
[1, 2, 3].map(x, x, x * 2)
[0, 1].map(x, 1 / x)
[1, 2, 3].filter(x, x > 1)
[1, 2, 3].filter(x, x)
{"a": 1, "b": 2}.all(k, k != "c")
{"a": 1, "b": 2}.exists(k, k == "a")
{"a": 1, "b": 2}.map(k, k + "x").sort()
{"a": 1, "b": 2}.filter(k, k == "a")
"abc".all(c, c == "a")
1.all(x, true)
n.all(x, true)
object.all(x, true)
object.spec.containers.all(c, c.name != "")
object.spec.containers.map(c, c.name)
object.spec.containers.filter(c, c.image.startsWith("r/")).size()
object.spec.replicas.all(x, true)
[1].all(x.y, true)
[1].all(1, true)
[1].map(1, true)
[1].filter("x", true)
[1].all(x)
[1].all(x, y, true)
[1].all(x, true, true, true)
[1].all(__result__, true)
[1].all(x, y)
x.all(x, true)
[1].all(x, x.all(y, true))
[[1, 2], [3]].map(x, x.map(y, y * 2))
[[1, 2], [3]].map(x, x.size())
[1, 2].map(x, [3, 4].map(y, x * y))
[1, 2].map(n, n)
[3, 4].all(i, v, i < v)
[3, 4].exists(i, v, i == 1 && v == 4)
[3, 4].existsOne(i, v, v == 3)
[3, 4].exists_one(i, v, v > 2)
[3, 4].all(i, i, true)
[3, 4].all(i, 1, true)
[3, 4].transformList(i, v, i * v)
[3, 4].transformList(i, v, i > 0, i * v)
[3, 4].transformMap(i, v, v * v)
[3, 4].transformMap(i, v, i > 0, v * v)
[3, 4].transformMapEntry(i, v, {v: i})
[3, 3].transformMapEntry(i, v, {v: i})
[3, 4].transformMapEntry(i, v, v > 3, {v: i})
{"a": 1, "b": 2}.all(k, v, v > 0)
{"a": 1, "b": 2}.transformMap(k, v, v + 1)
{"a": 1, "b": 2}.transformList(k, v, v).sort()
{"a": "x"}.transformMapEntry(k, v, {v: k})
{"a": "x"}.transformMapEntry(k, v, v)
counts.transformMap(k, v, string(v))
counts.exists(k, v, k == "a" && v == 1)
counts.all(k, v, v)
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
"hello".contains("ell")
"hello".contains("x")
"hello".contains(1)
contains("hello", "ell")
"hello".startsWith("he")
"hello".endsWith("lo")
"hello".charAt(1)
"hello".charAt(5)
"hello".charAt(6)
"hello".charAt(-1)
"üx".charAt(0)
"hello".indexOf("l")
"hello".indexOf("z")
"hello".indexOf("")
"hello".indexOf("l", 3)
"hello".indexOf("l", 9)
"hello".indexOf("l", -1)
"hello".indexOf("", 9)
"hello".indexOf("", 2)
"\U0001F600x".indexOf("x")
"hello".lastIndexOf("l")
"hello".lastIndexOf("l", 2)
"hello".lastIndexOf("l", 9)
"hello".lastIndexOf("l", -1)
"hello".lastIndexOf("")
"hello".lastIndexOf("", 2)
"hello".lastIndexOf("hello world")
"ÄBC".lowerAscii()
"äbc".upperAscii()
"hello".replace("l", "L")
"hello".replace("l", "L", 1)
"hello".replace("l", "L", 0)
"hello".replace("l", "L", -1)
"hello".replace("", "_")
"hello".replace("", "_", 2)
"hello".replace("l", "$&")
"a,b,c".split(",")
"a,b,c".split(",", 2)
"a,b,c".split(",", 0)
"a,b,c".split(",", 1)
"a,b,c".split(",", -1)
"abc".split("")
"abc".split("", 2)
"".split(",")
"".split("")
"hello".substring(1)
"hello".substring(1, 3)
"hello".substring(3, 1)
"hello".substring(6)
"hello".substring(5)
"hello".substring(0, 9)
"hello".substring(-1, 2)
"  a b\t\n".trim()
"\u00a0\u2003a\u0085".trim()
"\u200ba".trim()
"\ufeffa".trim()
"hello".reverse()
["a", "b"].join()
["a", "b"].join(",")
[1, 2].join(",")
[].join(",")
maybe.join(",")
texts.join("-")
strings.quote("a\n\"b\"\\\t\u0007ü")
"%s".format(["a"])
"%s and %s".format(["a", "b"])
"%s %d".format(["a", 1])
"%s %d".format([dyn("a"), dyn(1)])
"%d".format([1])
"%d".format([1u])
"%d".format([1.5])
"%d".format(["a"])
"%f".format([1.5])
"%.2f".format([1.256])
"%.0f".format([2.5])
"%f".format([1])
"%f".format(["NaN"])
"%f".format([1.0/0.0])
"%e".format([12345.678])
"%.2e".format([12345.678])
"%b".format([5])
"%b".format([true])
"%b".format([-5])
"%b".format(["a"])
"%x".format([255])
"%X".format([255])
"%x".format(["hi"])
"%x".format([b"hi"])
"%x".format([-255])
"%x".format([1.5])
"%o".format([8])
"%o".format(["a"])
"%s".format([1])
"%s".format([1.5])
"%s".format([1e10])
"%s".format([true])
"%s".format([null])
"%s".format([[1, 2]])
"%s".format([["a", "b"]])
"%s".format([[1.5]])
"%s".format([{"a": 1, "b": 2}])
"%s".format([{1: "x"}])
"%s".format([timestamp("2020-01-01T00:00:00Z")])
"%s".format([duration("1h")])
"%s".format([[duration("1h")]])
"%s".format([b"abc"])
"%s".format([[b"abc"]])
"%s".format([int])
"%s".format([optional.of(1)])
"%s".format([])
"%s %s".format(["a"])
"%%".format([])
"100%".format([])
"100%".format(["a"])
"%z".format(["a"])
"%.f".format([1.0])
"%.5".format([1.0])
"a".format(["b"])
"%s".format("a")
"ü%s".format(["a"])
"hello".matches("^h.*o$")
"hello".matches("^x")
matches("hello", "ell")
"hello".matches("(")
"hello".matches(s + "(")
"a".matches("(a+)+$")
"hello".matches("(?i)HELLO")
"hello".matches("(?=h)")
"abc 123".find("[0-9]+")
"abc".find("[0-9]+")
"abc".find("(")
"abc".find("(" + s)
"a1b22c333".findAll("[0-9]+")
"a1b22c333".findAll("[0-9]+", 2)
"a1b22c333".findAll("[0-9]+", 0)
"baac".findAll("a*")
"abc".findAll("x")
"abc".findAll("(")
[1, 2, 3].sum()
[1.5, 2.5].sum()
[1u, 2u].sum()
[duration("1s"), duration("2s")].sum()
["a"].sum()
[].sum()
ints.sum()
maybe.sum()
any.a.sum()
[1, 2].map(x, dyn(x)).sum()
[1.5].map(x, dyn(x)).sum()
[9223372036854775807, 1].sum()
[3, 1, 2].max()
[3, 1, 2].min()
["b", "a"].min()
[true, false].max()
[1.5, 2].max()
[].max()
[].min()
ints.filter(x, x > 9).max()
[duration("1s"), duration("2s")].max()
[[1], [2]].max()
maybe.max()
[1, 2, 2].isSorted()
[2, 1].isSorted()
["a", "b"].isSorted()
[].isSorted()
[[1]].isSorted()
maybe.isSorted()
[1, 2, 1].indexOf(1)
[1, 2, 1].indexOf(3)
[1, 2, 1].lastIndexOf(1)
[1, 2, 1].indexOf("a")
maybe.indexOf("a")
maybe.lastIndexOf(1.0)
[1, 2].includes(1)
[1, 2].includes("a")
1.includes(1)
"abc".includes("a")
"a".includes("a")
object.spec.containers.includes({"name": "b", "image": "b"})
[1, 2, 3, 4].slice(1, 3)
[1, 2].slice(0, 5)
[1, 2].slice(-1, 1)
[1, 2].slice(2, 1)
[[1, 2], [3]].flatten()
[[1, [2]], [3]].flatten()
[1, 2].flatten()
[dyn([1, [2, [3]]]), dyn(4)].flatten()
[dyn([1, [2, [3]]]), dyn(4)].flatten(2)
[1, 2].flatten(1)
[1, 2].flatten(-1)
maybe.flatten()
[3, 1, 2].sort()
["b", "a", "ü"].sort()
[[1], [2]].sort()
maybe.sort()
[].sort()
[3, 1, 2].sortBy(x, -x)
["bb", "a"].sortBy(x, x.size())
[{"a": 2}, {"a": 1}].sortBy(x, x.a)
object.spec.containers.sortBy(c, c.image).map(c, c.name)
[1].sortBy(1, 2)
"abc".sortBy(x, x)
[1, 2].sortBy(x, [x])
[3, 1].sortBy(x, dyn(x))
lists.range(3)
lists.range(0)
lists.range(-1)
lists.range(1000001)
[1, 2, 3].reverse()
[].reverse()
[1, 2, 1, 3, 2].distinct()
[1, 1.0].distinct()
maybe.distinct()
sets.contains([1, 2], [2])
sets.contains([1, 2], [3])
sets.contains([1], [])
sets.contains([1], ["a"])
sets.equivalent([1, 1, 2], [2, 1])
sets.equivalent([1], [2])
sets.intersects([1, 2], [2, 3])
sets.intersects([1], [2])
sets.intersects([1], [])
sets.union([1], [2])
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getScheme()
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getHost()
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getHostname()
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getPort()
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getEscapedPath()
url("https://user:pw@example.com:8080/path?a=1&b=2&a=3#frag").getQuery()
url("https://[::1]:80/").getHostname()
url("https://[::1]:80/").getHost()
url("https://[::1]/").getPort()
url("https://[::1").getPort()
url("https://example.com/with space").getEscapedPath()
url("https://example.com/with%20space").getEscapedPath()
url("https://example.com/ü").getEscapedPath()
url("https://example.com/a'b(c)").getEscapedPath()
url("https://example.com:abc/")
url("https://exa mple.com/")
url("https://example.com/%zz")
url("/path/only").getEscapedPath()
url("/path/only").getScheme()
url("path")
url("")
url("://x")
url("mailto:a@b").getScheme()
url("HTTP://X").getScheme()
url("http://example.com?x=%41&y=a+b&=z&q").getQuery()
url("http://a") == url("http://a")
url("http://a") == url("http://b")
url("http://a/#x").getEscapedPath()
url("http://a/b#x?y=1").getQuery()
isURL("https://example.com")
isURL("/a")
isURL("a")
isURL("http://[::1")
isURL("../a")
isURL("http://a b")
isURL(1)
url(1)
ip("1.2.3.4")
ip("01.2.3.4")
ip("1.2.3")
ip("1.2.3.4.5")
ip("1.2.3.256")
ip("1.2.3.")
ip("a")
ip("")
ip("::1")
ip("::")
ip("2001:DB8::1")
ip("2001:db8:0:0:1:0:0:1")
ip("1:2:3:4:5:6:7")
ip("1:2:3:4:5:6:7:8:9")
ip("12345::")
ip("::1::")
ip("::g")
ip("fe80::1%eth0")
ip("::ffff:1.2.3.4")
ip("::1.2.3.4")
ip("1.2.3.4").family()
ip("::1").family()
ip("127.0.0.1").isLoopback()
ip("::1").isLoopback()
ip("0.0.0.0").isUnspecified()
ip("224.0.0.1").isLinkLocalMulticast()
ip("169.254.1.1").isLinkLocalUnicast()
ip("fe80::1").isLinkLocalUnicast()
ip("8.8.8.8").isGlobalUnicast()
ip("255.255.255.255").isGlobalUnicast()
ip("10.0.0.1").isGlobalUnicast()
ip("1.2.3.4") == ip("1.2.3.4")
ip("1.2.3.4") == ip("::1")
string(ip("2001:DB8:0::1"))
ip.isCanonical("2001:db8::1")
ip.isCanonical("2001:DB8::1")
ip.isCanonical("x")
isIP("1.2.3.4")
isIP("1.2.3")
isIP("::ffff:1.2.3.4")
isIP(1)
cidr("10.0.0.0/8")
cidr("10.0.0.0/33")
cidr("10.0.0.0")
cidr("10.0.0.0/08")
cidr("10.0.0.0/a")
cidr("a/8")
cidr("::/0").prefixLength()
cidr("10.1.2.3/8").masked()
cidr("10.1.2.3/8").ip()
cidr("10.0.0.0/8").containsIP("10.1.2.3")
cidr("10.0.0.0/8").containsIP(ip("11.1.2.3"))
cidr("10.0.0.0/8").containsIP("::1")
cidr("10.0.0.0/8").containsIP("x")
cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")
cidr("10.0.0.0/8").containsCIDR(cidr("10.0.0.0/7"))
cidr("10.0.0.0/8").containsCIDR("x")
cidr("10.0.0.0/8") == cidr("10.0.0.0/8")
string(cidr("10.0.0.0/8"))
isCIDR("10.0.0.0/8")
isCIDR("10.0.0.0")
isCIDR("fe80::1%a/64")
isCIDR("::ffff:1.2.3.4/100")
quantity("1Gi")
quantity("500m")
quantity("1.5")
quantity("x")
quantity("")
quantity("1e3")
quantity("1Gi").isGreaterThan(quantity("1G"))
quantity("1Gi").isLessThan(quantity("1G"))
quantity("1Gi").compareTo(quantity("1G"))
quantity("1").compareTo(quantity("1000m"))
quantity("1") == quantity("1000m")
quantity("1") == quantity("2")
quantity("1") == 1
quantity("500m").add(quantity("500m"))
quantity("1").add(1)
quantity("1").sub(2)
quantity("1").sub(quantity("500m"))
quantity("1").add("1")
quantity("1.5").isInteger()
quantity("2k").isInteger()
quantity("2k").asInteger()
quantity("1.5").asInteger()
quantity("9999999999999999999999").isInteger()
quantity("1.5").asApproximateFloat()
quantity("1k").asApproximateFloat()
sign(quantity("-1"))
quantity("-1").sign()
isQuantity("1Gi")
isQuantity("x")
isQuantity("")
quantity(1)
quantity(object.spec.replicas)
semver("1.2.3").major()
semver("1.2.3").minor()
semver("1.2.3-alpha.1+b").patch()
semver("1.2")
semver("v1.2.3")
semver("v1.2", true).patch()
semver("v01.02", true).minor()
semver("1.0-a", true)
semver("")
semver("a.b.c")
semver("1.2.03")
semver("1.2.3-")
semver("1.2.3-01")
semver("1.2.3-a_b")
semver("1.2.3+")
semver("1.2.3+a_b")
semver("1.2.3").isGreaterThan(semver("1.2.2"))
semver("1.2.3").isLessThan(semver("1.2.3-a"))
semver("1.2.3-a").compareTo(semver("1.2.3-b"))
semver("1.2.3-a.1").compareTo(semver("1.2.3-a.b"))
semver("1.2.3-a.1").compareTo(semver("1.2.3-a"))
semver("1.2.3-2").compareTo(semver("1.2.3-10"))
semver("1.2.3+a") == semver("1.2.3+b")
semver("1.0.0") == semver("2.0.0")
isSemver("1.2.3")
isSemver("1.2")
isSemver("1.2", true)
isSemver("v1", true)
isSemver("x", true)
isSemver(1)
format.dns1123Label().validate("abc")
format.dns1123Label().validate("Abc")
format.dns1123Label().validate("a.b")
format.dns1123Subdomain().validate("a_b")
format.dns1035Label().validate("1a")
format.qualifiedName().validate("a/b/c")
format.qualifiedName().validate("")
format.dns1123LabelPrefix().validate("abc-")
format.dns1123SubdomainPrefix().validate("abc-")
format.dns1035LabelPrefix().validate("abc-")
format.labelValue().validate("a b")
format.uri().validate("http://a")
format.uri().validate("a b")
format.uuid().validate("x")
format.uuid().validate("123e4567-e89b-12d3-a456-426614174000")
format.byte().validate("aGVsbG8=")
format.byte().validate("x")
format.date().validate("2020-01-01")
format.date().validate("x")
format.datetime().validate("2020-01-01T00:00:00Z")
format.datetime().validate("x")
format.named("dns1123Label").hasValue()
format.named("x").hasValue()
format.named("uri").value().validate("http://a")
format.dns1123Label() == format.dns1123Label()
format.dns1123Label() == format.uri()
format.dns1123Label.validate("a")
jsonpatch.escapeKey("a/b~c")
jsonpatch.escapeKey(1)
math.greatest(1, 2)
math.least(1, 2)
base64.encode(b"a")
lists.distinct([1])
isDNS1123Label("a")
cel.bind(x, 1, x + 1)
"a\x41\101\u00e4\U0001F600\?"
'\''
"""a"b"""
'''a'b'''
r"\n"
R'\x'
b"\xff\101ü"
b"\u0041"
br"\x"
rb"\x"
"\8"
"\ud800"
"\400"
"a
'a" + "b'
// only a comment
1 // a comment
1 +
1 1
(1
)
[1,
[1,]
{"a": 1,}
{"a"}
a.
a..b
.5.5
1 = 1
1 === 1
1 <> 2
not true
a ? b
a ? b :
if
in
let
package
true.x
null.x
this
as(1)
foo.bar.baz
foo.bar.baz()
foo.bar(1).baz
Object{a: 1}
int{}
string{value: "a"}
google.protobuf.Int64Value{value: 1}
google.protobuf.Duration{seconds: 1}
Foo.Bar{}
${'`'}a${'`'}
object.${'`'}a-b${'`'}
#
@x
$
a$b
é
"é" + é
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
`.split('\n').filter((line) => line !== '').reduce<string[]>((all, line) => {
  // What begins with a space or a tab goes on with the line before.
  const last = all.at(-1);
  if (/^[ \t]/.test(line) && last !== undefined) all[all.length - 1] = `${last}\n${line}`;
  else all.push(line);
  return all;
}, []);
