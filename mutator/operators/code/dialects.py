"""What the operators must know of each language: the names its grammar gives to the same few things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Parser

from mutator.grammars import grammar_parser


@dataclass(frozen=True, slots=True)
class Dialect:
    grammar: tuple[str, ...]
    """The package, and its function where it has several."""
    functions: frozenset[str]
    statements: frozenset[str]
    """Statements that may be left out: calls, assignments, not declarations."""
    exits: frozenset[str]
    """What makes an `if` a guard when its branch does nothing else: return, throw, continue, break."""
    raises: frozenset[str]
    ifs: frozenset[str] = frozenset({"if_statement"})
    loops: frozenset[str] = frozenset({"while_statement", "do_statement", "for_statement"})
    ternaries: frozenset[str] = frozenset()
    binaries: frozenset[str] = frozenset({"binary_expression"})
    numbers: frozenset[str] = frozenset()
    strings: frozenset[str] = frozenset()
    booleans: frozenset[str] = frozenset({"true", "false"})
    pairs: frozenset[str] = frozenset()
    """Entries of a map literal, with `key` and `value` fields or as first and last child."""
    rows: frozenset[str] = frozenset()
    """Tuples or braces of two or more, several of which in a list make a mapping: {"a", 1}, {"b", 2}."""
    cases: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset({"return_statement"})
    raising: tuple[str, ...] = ()
    """Callees that end a function as a raise does: panic, die, exit."""
    typed: bool = False
    """Dead code, a missing value or another type is a compile error."""
    nothing: str = ""
    """An early return without a value."""
    terminator: str = ";"
    negation: tuple[str, str] = ("!(", ")")
    relations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Signs that mean something else than in most languages, as (kind, what it becomes)."""
    expands: tuple[str, ...] = ("${", "#{")
    """What in a text is no text: nothing can be written behind it."""
    comments: frozenset[str] = field(default=frozenset({"comment", "line_comment", "block_comment"}))


_JAVASCRIPT = Dialect(
    grammar=("tree_sitter_javascript",),
    functions=frozenset(
        {"function_declaration", "method_definition", "arrow_function", "function_expression",
         "generator_function_declaration"}
    ),
    statements=frozenset({"expression_statement"}),
    exits=frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"}),
    raises=frozenset({"throw_statement"}),
    ternaries=frozenset({"ternary_expression"}),
    numbers=frozenset({"number"}),
    strings=frozenset({"string"}),
    pairs=frozenset({"pair"}),
    cases=frozenset({"switch_case"}),
    raising=("process.exit",),
    nothing="return;",
)  # fmt: skip

DIALECTS: dict[str, Dialect] = {
    "javascript": _JAVASCRIPT,
    "typescript": replace(_JAVASCRIPT, grammar=("tree_sitter_typescript", "language_typescript")),
    "tsx": replace(_JAVASCRIPT, grammar=("tree_sitter_typescript", "language_tsx")),
    "go": Dialect(
        grammar=("tree_sitter_go",),
        functions=frozenset({"function_declaration", "method_declaration"}),
        statements=frozenset(
            {"expression_statement", "assignment_statement", "inc_statement", "dec_statement", "defer_statement",
             "go_statement", "send_statement"}
        ),
        exits=frozenset({"return_statement", "continue_statement", "break_statement"}),
        raises=frozenset(),
        loops=frozenset({"for_statement"}),
        numbers=frozenset({"int_literal", "float_literal"}),
        strings=frozenset({"interpreted_string_literal", "raw_string_literal"}),
        pairs=frozenset({"keyed_element"}),
        cases=frozenset({"expression_case"}),
        raising=("panic", "os.Exit", "log.Fatal", "log.Fatalf"),
        typed=True,
        nothing="return",
        terminator="",
    ),
    "rust": Dialect(
        grammar=("tree_sitter_rust",),
        functions=frozenset({"function_item"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset({"return_expression", "continue_expression", "break_expression"}),
        raises=frozenset(),
        ifs=frozenset({"if_expression"}),
        loops=frozenset({"while_expression"}),
        numbers=frozenset({"integer_literal", "float_literal"}),
        strings=frozenset({"string_literal"}),
        booleans=frozenset({"boolean_literal"}),
        rows=frozenset({"tuple_expression"}),
        cases=frozenset({"match_arm"}),
        returns=frozenset({"return_expression"}),
        raising=("panic!", "std::process::exit", "process::exit", "exit"),
        typed=True,
        nothing="return;",
    ),
    "c": Dialect(
        grammar=("tree_sitter_c",),
        functions=frozenset({"function_definition"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset({"return_statement", "continue_statement", "break_statement", "goto_statement"}),
        raises=frozenset(),
        ternaries=frozenset({"conditional_expression"}),
        numbers=frozenset({"number_literal"}),
        strings=frozenset({"string_literal"}),
        rows=frozenset({"initializer_list"}),
        cases=frozenset({"case_statement"}),
        raising=("exit", "_exit", "abort", "err", "errx"),
        typed=True,
        nothing="return;",
    ),
    "cpp": Dialect(
        grammar=("tree_sitter_cpp",),
        functions=frozenset({"function_definition", "lambda_expression"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset(
            {"return_statement", "continue_statement", "break_statement", "goto_statement", "throw_statement"}
        ),
        raises=frozenset({"throw_statement"}),
        ternaries=frozenset({"conditional_expression"}),
        numbers=frozenset({"number_literal"}),
        strings=frozenset({"string_literal"}),
        rows=frozenset({"initializer_list"}),
        cases=frozenset({"case_statement"}),
        raising=("exit", "std::exit", "abort", "std::abort"),
        typed=True,
        nothing="return;",
    ),
    "java": Dialect(
        grammar=("tree_sitter_java",),
        functions=frozenset({"method_declaration", "constructor_declaration"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"}),
        raises=frozenset({"throw_statement"}),
        ternaries=frozenset({"ternary_expression"}),
        numbers=frozenset({"decimal_integer_literal", "decimal_floating_point_literal"}),
        strings=frozenset({"string_literal"}),
        cases=frozenset({"switch_block_statement_group", "switch_rule"}),
        raising=("System.exit",),
        typed=True,
        nothing="return;",
    ),
    "ruby": Dialect(
        grammar=("tree_sitter_ruby",),
        functions=frozenset({"method", "singleton_method"}),
        statements=frozenset({"call", "assignment", "operator_assignment"}),
        exits=frozenset({"return", "next", "break"}),
        raises=frozenset(),
        ifs=frozenset({"if", "unless", "if_modifier", "unless_modifier"}),
        loops=frozenset({"while", "until"}),
        ternaries=frozenset({"conditional"}),
        binaries=frozenset({"binary"}),
        numbers=frozenset({"integer", "float"}),
        strings=frozenset({"string"}),
        pairs=frozenset({"pair"}),
        cases=frozenset({"when"}),
        returns=frozenset({"return"}),
        raising=("raise", "exit", "abort", "fail"),
        nothing="return",
        terminator="",
    ),
    "perl": Dialect(
        grammar=("tree_sitter_perl",),
        functions=frozenset({"subroutine_declaration_statement", "method_declaration_statement"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset({"return_expression", "loopex_expression"}),
        raises=frozenset(),
        ifs=frozenset({"conditional_statement", "postfix_conditional_expression"}),
        loops=frozenset({"loop_statement"}),
        ternaries=frozenset({"conditional_expression"}),
        binaries=frozenset(
            {"binary_expression", "relational_expression", "equality_expression", "lowprec_logical_expression"}
        ),
        numbers=frozenset({"number"}),
        strings=frozenset({"string_literal", "interpolated_string_literal"}),
        booleans=frozenset(),
        returns=frozenset({"return_expression"}),
        raising=("die", "exit", "croak"),
        nothing="return;",
    ),
    "kotlin": Dialect(
        grammar=("tree_sitter_kotlin",),
        functions=frozenset({"function_declaration", "anonymous_function"}),
        statements=frozenset({"call_expression", "assignment"}),
        exits=frozenset({"return_expression", "throw_expression"}),
        raises=frozenset({"throw_expression"}),
        ifs=frozenset({"if_expression"}),
        loops=frozenset({"while_statement", "do_while_statement"}),
        numbers=frozenset({"number_literal", "float_literal"}),
        strings=frozenset({"string_literal"}),
        booleans=frozenset({"identifier"}),
        pairs=frozenset({"value_argument"}),
        cases=frozenset({"when_entry"}),
        returns=frozenset({"return_expression"}),
        raising=("error", "exitProcess"),
        typed=True,
        nothing="return",
        terminator="",
        expands=("$",),
    ),
    "csharp": Dialect(
        grammar=("tree_sitter_c_sharp",),
        functions=frozenset({"method_declaration", "constructor_declaration", "local_function_statement"}),
        statements=frozenset({"expression_statement"}),
        exits=frozenset({"return_statement", "throw_statement", "continue_statement", "break_statement"}),
        raises=frozenset({"throw_statement"}),
        ternaries=frozenset({"conditional_expression"}),
        numbers=frozenset({"integer_literal", "real_literal"}),
        strings=frozenset({"string_literal", "verbatim_string_literal"}),
        booleans=frozenset({"boolean_literal"}),
        pairs=frozenset({"assignment_expression"}),
        rows=frozenset({"initializer_expression"}),
        cases=frozenset({"switch_section", "switch_expression_arm"}),
        raising=("Environment.Exit", "Environment.FailFast"),
        typed=True,
        nothing="return;",
        relations={"??": ("", "")},  # of two types, which && cannot join
    ),
    "php": Dialect(
        grammar=("tree_sitter_php", "language_php"),
        functions=frozenset({"function_definition", "method_declaration", "anonymous_function"}),
        statements=frozenset({"expression_statement", "echo_statement"}),
        exits=frozenset(
            {"return_statement", "continue_statement", "break_statement", "exit_statement", "throw_expression"}
        ),
        raises=frozenset({"exit_statement"}),
        ternaries=frozenset({"conditional_expression"}),
        numbers=frozenset({"integer", "float"}),
        strings=frozenset({"string", "encapsed_string"}),
        booleans=frozenset({"boolean"}),
        pairs=frozenset({"array_element_initializer"}),
        cases=frozenset({"case_statement", "match_conditional_expression"}),
        raising=("die", "exit", "abort"),
        nothing="return;",
        expands=("$",),
    ),
    "lua": Dialect(
        grammar=("tree_sitter_lua",),
        functions=frozenset({"function_declaration", "function_definition"}),
        statements=frozenset({"function_call", "assignment_statement"}),
        exits=frozenset({"return_statement", "break_statement", "goto_statement"}),
        raises=frozenset(),
        loops=frozenset({"while_statement", "repeat_statement"}),
        numbers=frozenset({"number"}),
        strings=frozenset({"string"}),
        pairs=frozenset({"field"}),
        raising=("error", "os.exit"),
        nothing="do return end",
        terminator="",
        negation=("not (", ")"),
        relations={"==": ("relation", "~="), "~=": ("relation", "=="), "^": ("arithmetic", "*")},
    ),
}  # fmt: skip


def parser(language: str, text: str = "") -> Parser:
    """`text` is what will be read: a piece of PHP need not begin with its opening tag."""
    if language == "php" and "<?" not in text:
        return grammar_parser("tree_sitter_php", "language_php_only")
    return grammar_parser(*DIALECTS[language].grammar)
