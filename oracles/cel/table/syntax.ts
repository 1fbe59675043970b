import { expressionsOf } from './expressions-of.ts';

/** Literals, comments, and texts that are no expression. */
export const syntax = expressionsOf(String.raw`
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
`);
