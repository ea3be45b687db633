"""What each operator on code makes of a small text, in several languages: documentation and exact test."""

from __future__ import annotations

from mutator.model import Example

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "missing-flag": (
        Example(
            'program.option("-n, --dry-run", "only say");\nif (argv[2] === "--all") go();\n',
            (
                'program.option("-n, --dry-run-off", "only say");\nif (argv[2] === "--all") go();\n',
                'program.option("-n, --dry-run", "only say");\nif (argv[2] === "--all-off") go();\n',
            ),
            "javascript",
        ),
        Example(
            'var n = flag.Bool("dry-run", false, "only say")\n',
            ('var n = flag.Bool("dry-run-off", false, "only say")\n',),
            "go",
        ),
        Example(
            'struct option o[] = {{"dry-run", no_argument, 0, 1}, {0}};',
            ('struct option o[] = {{"dry-run-off", no_argument, 0, 1}, {0}};',),
            "c",
        ),
        Example('let m = Arg::new("d").long("dry-run");\n', ('let m = Arg::new("d").long("dry-run-off");\n',), "rust"),
        Example('opts.on("--dry-run") { |v| n = v }\n', ('opts.on("--dry-run-off") { |v| n = v }\n',), "ruby"),
    ),
    "drop-guard": (
        Example(
            "function f(a) {\n  if (!a) {\n    throw new Error('no');\n  }\n  return a;\n}\n",
            ("function f(a) {\n  return a;\n}\n",),
            "javascript",
        ),
        Example(
            "package p\nfunc f(a int) error {\n\tif a < 0 {\n\t\treturn e\n\t}\n\treturn nil\n}\n",
            ("package p\nfunc f(a int) error {\n\treturn nil\n}\n",),
            "go",
        ),
        Example(
            "fn f(a: i32) -> bool {\n    if a < 0 {\n        return false;\n    }\n    true\n}\n",
            ("fn f(a: i32) -> bool {\n    true\n}\n",),
            "rust",
        ),
        Example("int f(int a) {\n  if (a < 0) return 1;\n  return 0;\n}\n", ("int f(int a) {\n  return 0;\n}\n",), "c"),
        Example("def f(a)\n  raise 'no' unless a\n  a\nend\n", ("def f(a)\n  a\nend\n",), "ruby"),
        Example(
            "sub f { my ($a) = @_;\n  die 'no' if $a < 0;\n  return 1; }\n",
            ("sub f { my ($a) = @_;\n  return 1; }\n",),
            "perl",
        ),
        Example(
            "class A { int f(int a) { if (a < 0) { throw new E(); } return a; } }",
            ("class A { int f(int a) {  return a; } }",),
            "java",
        ),
    ),
    "hollow-function": (
        Example(
            "function f(a) {\n  return [a];\n}\n", ("function f(a) {\n  return [];\n  return [a];\n}\n",), "javascript"
        ),
        Example(
            "const g = (a: number): boolean => { return a > 1; };\n",
            (
                "const g = (a: number): boolean => { return false; return a > 1; };\n",
                "const g = (a: number): boolean => { return true; return a > 1; };\n",
            ),
            "typescript",
        ),
        Example(
            "package p\nfunc (s *S) F(a int) (int, error) {\n\treturn a, nil\n}\n",
            ("package p\nfunc (s *S) F(a int) (int, error) {\n\treturn 0, nil\n\treturn a, nil\n}\n",),
            "go",
        ),
        Example(
            "fn f(a: i32) -> Result<i32, E> {\n    Ok(a)\n}\n",
            ("fn f(a: i32) -> Result<i32, E> {\n    return Ok(Default::default());\n    Ok(a)\n}\n",),
            "rust",
        ),
        Example(
            "static int f(int a) {\n    return a + 1;\n}\n",
            ("static int f(int a) {\n    return 0;\n    return a + 1;\n}\n",),
            "c",
        ),
        Example(
            "std::string A::f() const {\n  return x;\n}\n",
            ("std::string A::f() const {\n  return {};\n  return x;\n}\n",),
            "cpp",
        ),
        Example(
            "class A {\n  String f() {\n    return x;\n  }\n}\n",
            ('class A {\n  String f() {\n    if (true) return "";\n    return x;\n  }\n}\n',),
            "java",
        ),
        Example("def f(a)\n  { a: 1 }\nend\n", ("def f(a)\n  return {}\n  { a: 1 }\nend\n",), "ruby"),
        Example("sub f {\n  return 1;\n}\n", ("sub f {\n  return 0;\n  return 1;\n}\n",), "perl"),
    ),
    "swap-entries": (
        Example("const m = {U: [0, 1], D: [1, 0]};", ("const m = {U: [1, 0], D: [0, 1]};",), "javascript"),
        Example(
            'package p\nvar m = map[string]int{"a": 1, "b": 2}\n',
            ('package p\nvar m = map[string]int{"a": 2, "b": 1}\n',),
            "go",
        ),
        Example('let m = [("a", 1), ("b", 2)];', ('let m = [("a", 2), ("b", 1)];',), "rust"),
        Example(
            "std::map<char, int> m = {{'a', 1}, {'b', 2}};", ("std::map<char, int> m = {{'a', 2}, {'b', 1}};",), "cpp"
        ),
        Example("m = { 'a' => 1, b: 2 }\n", ("m = { 'a' => 2, b: 1 }\n",), "ruby"),
    ),
    "duplicate-entry": (
        Example("const m = {U: [0, 1], D: [1, 0]};", ("const m = {U: [0, 1], D: [0, 1]};",), "javascript"),
    ),
    "swap-cases": (
        Example(
            "switch (a) { case 'u': x(); break; case 'd': y(); break; default: z(); }",
            ("switch (a) { case 'd': x(); break; case 'u': y(); break; default: z(); }",),
            "javascript",
        ),
        Example(
            "package p\nfunc f() { switch a { case 1: x()\n case 2: y() } }\n",
            ("package p\nfunc f() { switch a { case 2: x()\n case 1: y() } }\n",),
            "go",
        ),
        Example(
            "fn f() { match a { 'u' => x(), 'd' => y(), _ => z() } }",
            ("fn f() { match a { 'd' => x(), 'u' => y(), _ => z() } }",),
            "rust",
        ),
        Example(
            "class A { void f() { switch (a) { case 1: x(); break; case 2: y(); break; } } }",
            ("class A { void f() { switch (a) { case 2: x(); break; case 1: y(); break; } } }",),
            "java",
        ),
        Example(
            "void f(void) { switch (a) { case 'u': x(); break; case 'd': y(); } }",
            ("void f(void) { switch (a) { case 'd': x(); break; case 'u': y(); } }",),
            "c",
        ),
        Example(
            "case a\nwhen 1 then x\nwhen 2 then y\nend\n", ("case a\nwhen 2 then x\nwhen 1 then y\nend\n",), "ruby"
        ),
    ),
    "drop-entry": (
        Example(
            "const m = {\n  a: 1,\n  b: 2,\n};\n",
            ("const m = {\n  b: 2,\n};\n", "const m = {\n  a: 1,\n};\n"),
            "javascript",
        ),
        Example("f({a: 1, b: 2});", ("f({b: 2});", "f({a: 1});"), "javascript"),
        Example('let m = [("a", 1), ("b", 2)];', ('let m = [("b", 2)];', 'let m = [("a", 1)];'), "rust"),
    ),
    "never": (
        Example(
            "function f(dry) {\n  if (dry) {\n    log(1);\n  }\n  go();\n}\n",
            ("function f(dry) {\n  go();\n}\n",),
            "javascript",
        ),
        Example(
            "package p\nfunc f() {\n\tif dry {\n\t\tx()\n\t}\n\ty()\n}\n", ("package p\nfunc f() {\n\ty()\n}\n",), "go"
        ),
        Example("void f(void) {\n  if (v) x();\n  y();\n}\n", ("void f(void) {\n  y();\n}\n",), "c"),
        Example("sub f { if ($v) { x(); }\n z(); }\n", ("sub f { \n z(); }\n",), "perl"),
    ),
    "drop-raise": (
        Example(
            "function f() {\n  try { a(); } catch (e) {\n    throw e;\n  }\n}\n",
            ("function f() {\n  try { a(); } catch (e) {\n  }\n}\n",),
            "javascript",
        ),
        Example("package p\nfunc f() {\n\tpanic(1)\n}\n", ("package p\nfunc f() {\n}\n",), "go"),
        Example("class A { void f() { throw new E(); } }", ("class A { void f() {  } }",), "java"),
    ),
    "drop-statement": (
        Example(
            "function f() {\n  a.b(1);\n  x = 2;\n  console.log('hi');\n}\n",
            (
                "function f() {\n  x = 2;\n  console.log('hi');\n}\n",
                "function f() {\n  a.b(1);\n  console.log('hi');\n}\n",
                "function f() {\n  a.b(1);\n  x = 2;\n}\n",
            ),
            "javascript",
        ),
        Example(
            "package p\nfunc f() {\n\tdefer mu.Unlock()\n\ts.x = 1\n\tn++\n}\n",
            (
                "package p\nfunc f() {\n\ts.x = 1\n\tn++\n}\n",
                "package p\nfunc f() {\n\tdefer mu.Unlock()\n\tn++\n}\n",
                "package p\nfunc f() {\n\tdefer mu.Unlock()\n\ts.x = 1\n}\n",
            ),
            "go",
        ),
        Example(
            "fn f() {\n    v.push(1);\n    x = 2;\n    go()\n}\n",
            ("fn f() {\n    x = 2;\n    go()\n}\n", "fn f() {\n    v.push(1);\n    go()\n}\n"),
            "rust",
        ),
        Example("void f(void) { a(1); x = 2; }", ("void f(void) {  x = 2; }", "void f(void) { a(1);  }"), "c"),
        Example(
            "class A { void f() { a(); x = 2; } }",
            ("class A { void f() {  x = 2; } }", "class A { void f() { a();  } }"),
            "java",
        ),
        Example(
            "def f\n  a(1)\n  x = 2\n  x\nend\n", ("def f\n  x = 2\n  x\nend\n", "def f\n  a(1)\n  x\nend\n"), "ruby"
        ),
        Example(
            "sub f { a(1); my $y = 2; $x = 2; }\n",
            ("sub f {  my $y = 2; $x = 2; }\n", "sub f { a(1); my $y = 2;  }\n"),
            "perl",
        ),
    ),
    "negate-condition": (
        Example("if (a > 1) x(); else y();", ("if (!(a > 1)) x(); else y();",), "javascript"),
        Example("while (!done) x();", ("while (done) x();",), "javascript"),
        Example("package p\nfunc f() { if a > 1 { x() } }\n", ("package p\nfunc f() { if !(a > 1) { x() } }\n",), "go"),
        Example(
            "fn f() { if a > 1 { x() } if let Some(b) = c { y() } }",
            ("fn f() { if !(a > 1) { x() } if let Some(b) = c { y() } }",),
            "rust",
        ),
        Example("int f(void) { return a ? 1 : 2; }", ("int f(void) { return !(a) ? 1 : 2; }",), "c"),
        Example("x if a > 1\n", ("x if !(a > 1)\n",), "ruby"),
        Example("if ($a) { x(); }\n", ("if (!($a)) { x(); }\n",), "perl"),
    ),
    "flip-boolean": (Example("class A { boolean b = true; }", ("class A { boolean b = false; }",), "java"),),
    "boundary": (
        Example("int f(void) { return a <= b; }", ("int f(void) { return a < b; }",), "c"),
        Example("x() if $a lt $b;\n", ("x() if $a le $b;\n",), "perl"),
        Example("x if a > 1\n", ("x if a >= 1\n",), "ruby"),
    ),
    "reverse-comparison": (Example("package p\nvar x = a < b\n", ("package p\nvar x = a > b\n",), "go"),),
    "relation": (
        Example(
            "const x = a === b || c != d;",
            ("const x = a !== b || c != d;", "const x = a === b || c == d;"),
            "javascript",
        ),
    ),
    "logic": (
        Example("fn f() -> bool { a && b }", ("fn f() -> bool { a || b }",), "rust"),
        Example("x if a and b\n", ("x if a or b\n",), "ruby"),
    ),
    "arithmetic": (
        Example(
            "const x = a + b * 2 + 'x';", ("const x = a - b * 2 + 'x';", "const x = a + b / 2 + 'x';"), "javascript"
        ),
        Example("class A { int f() { return a % 2; } }", ("class A { int f() { return a * 2; } }",), "java"),
    ),
    "change-number": (
        Example("package p\nvar x = 10\n", ("package p\nvar x = 11\n",), "go"),
        Example("int x = 0x1F + 3;", ("int x = 0x1F + 4;",), "c"),
        Example(
            "const X: f64 = 1.5; const Y: u8 = 7u8;",
            ("const X: f64 = 2.5; const Y: u8 = 7u8;", "const X: f64 = 1.5; const Y: u8 = 8u8;"),
            "rust",
        ),
    ),
    "empty-string": (Example("function f() { return 'x'; }", ("function f() { return ''; }",), "javascript"),),
    "change-string": (
        Example('class A { String s = "x"; }', ('class A { String s = "x_other"; }',), "java"),
        Example('package p\nimport "fmt"\nvar s = "x"\n', ('package p\nimport "fmt"\nvar s = "x_other"\n',), "go"),
    ),
}
