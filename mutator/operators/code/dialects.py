"""What the operators must know of each language: the names its grammar gives to the same few things."""

from __future__ import annotations

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
    parenthesised: bool = True
    """Conditions of if and while stand in parentheses that belong to them."""
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
        parenthesised=False,
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
        parenthesised=False,
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
        parenthesised=False,
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
}  # fmt: skip


def parser(language: str) -> Parser:
    return grammar_parser(*DIALECTS[language].grammar)
