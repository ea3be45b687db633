"""Options as programs declare them: argparse, click, typer; and where argparse's are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from mutator.operators.python.nodes import callee, dotted, keyword, last_name, positional
from mutator.operators.python.tree import PythonTree

_NAMESPACES = frozenset({"args", "opts", "options", "ns", "namespace", "parsed", "arguments", "cli_args", "params"})


@dataclass(frozen=True)
class Option:
    """One declared option."""

    node: cst.CSTNode
    """The declaring call (argparse, click) or parameter (typer)."""
    flag: str
    name: str
    """The attribute or parameter that carries its value."""
    default: str
    names: tuple[cst.Arg, ...] = ()


def argparse_options(tree: PythonTree) -> Iterator[Option]:
    for call in tree.every(cst.Call):
        if last_name(call) != "add_argument":
            continue
        names = [arg for arg in positional(call) if (tree.literal(arg.value) or "").startswith("-")]
        if not names:
            continue
        flags = [tree.literal(arg.value) or "" for arg in names]
        flag = next((name for name in flags if name.startswith("--")), flags[0])
        dest = keyword(call, "dest")
        name = tree.literal(dest.value) if dest else flag.lstrip("-").replace("-", "_")
        if len(call.args) == 1 and "arse" not in tree.text and f".{name}" not in tree.text:
            continue  # of another thing with options, such as a browser's
        if name and name.isidentifier() and flag not in ("-h", "--help"):
            yield Option(call, flag, name, _argparse_default(tree, call), tuple(names))


def _argparse_default(tree: PythonTree, call: cst.Call) -> str:
    default = keyword(call, "default")
    if default is not None:
        return tree.code(default.value)
    action = keyword(call, "action")
    return {"store_true": "False", "store_false": "True"}.get(
        tree.literal(action.value) or "" if action else "", "None"
    )


def click_options(tree: PythonTree) -> Iterator[tuple[Option, cst.Decorator, cst.FunctionDef, cst.Param]]:
    for function in tree.every(cst.FunctionDef):
        for decorator in function.decorators:
            call = decorator.decorator
            if not isinstance(call, cst.Call) or last_name(call) not in ("option", "flag"):
                continue
            names = [arg for arg in positional(call) if tree.literal(arg.value)]
            written = [tree.literal(arg.value) or "" for arg in names]
            flags = [part for name in written for part in name.split("/") if part.strip().startswith("-")]
            if not flags:
                continue
            flag = next((name for name in flags if name.startswith("--")), flags[0]).strip()
            given = next((name for name in written if name.isidentifier()), flag.lstrip("-").replace("-", "_").lower())
            param = next((p for p in parameters(function) if p.name.value == given), None)
            if param is not None:
                option = Option(call, flag, given, _click_default(tree, call), tuple(names))
                yield option, decorator, function, param


def _click_default(tree: PythonTree, call: cst.Call) -> str:
    default = keyword(call, "default")
    if default is not None and not isinstance(default.value, cst.Lambda):
        return tree.code(default.value)
    if keyword(call, "is_flag") or any("/" in (tree.literal(arg.value) or "") for arg in positional(call)):
        return "False"
    if keyword(call, "multiple"):
        return "()"
    return "0" if keyword(call, "count") else "None"


def typer_options(tree: PythonTree) -> Iterator[tuple[Option, cst.FunctionDef, cst.Param]]:
    for function in tree.every(cst.FunctionDef):
        command = any(last_name(d.decorator) in ("command", "callback") for d in function.decorators)
        for param in parameters(function):
            if _is_argument(param):
                continue
            call = typer_call(param)
            annotation = param.annotation.annotation if param.annotation else None
            if call is None and not (command and param.default is not None and annotation is not None):
                continue
            if call is None and any(last_name(d.decorator) == "option" for d in function.decorators):
                continue
            written = [tree.literal(arg.value) or "" for arg in positional(call)] if call else []
            flags = [part for name in written for part in name.split("/") if part.startswith("--")]
            flag = flags[0] if flags else "--" + param.name.value.replace("_", "-")
            default = param.default if param.default is not call else first_value(tree, call)
            text = tree.code(default) if default is not None else "None"
            yield Option(param, flag, param.name.value, "None" if text == "..." else text), function, param


def _is_argument(param: cst.Param) -> bool:
    """A positional one."""
    return typer_call(param, "Argument") is not None


def typer_call(param: cst.Param, name: str = "Option") -> cst.Call | None:
    """`typer.Option(...)` as the default or inside Annotated[...]."""
    if isinstance(param.default, cst.Call) and callee(param.default).endswith(name):
        return param.default
    annotation = param.annotation.annotation if param.annotation else None
    if isinstance(annotation, cst.Subscript):
        for element in annotation.slice:
            value = element.slice.value if isinstance(element.slice, cst.Index) else None
            if isinstance(value, cst.Call) and callee(value).endswith(name):
                return value
    return None


def first_value(tree: PythonTree, call: cst.Call | None) -> cst.BaseExpression | None:
    if call is None:
        return None
    named = keyword(call, "default")
    if named is not None:
        return named.value
    first = positional(call)[:1]
    return first[0].value if first and not (tree.literal(first[0].value) or "").startswith("-") else None


def parameters(function: cst.FunctionDef) -> list[cst.Param]:
    params = function.params
    return [*params.posonly_params, *params.params, *params.kwonly_params]


def _uses(tree: PythonTree) -> dict[str, list[cst.Attribute]]:
    """Reads of `args.name`, by name."""
    holders = set(_NAMESPACES)
    for assign in tree.every(cst.Assign):
        value = assign.value
        if isinstance(value, cst.Call) and last_name(value) in (
            "parse_args",
            "parse_known_args",
            "parse_intermixed_args",
        ):
            target = assign.targets[0].target
            first = target.elements[0].value if isinstance(target, cst.Tuple) else target
            holders.add(dotted(first))
    found: dict[str, list[cst.Attribute]] = {}
    for attribute in tree.every(cst.Attribute):
        if dotted(attribute.value) in holders:
            up = tree.parent(attribute)
            written = isinstance(up, cst.AssignTarget | cst.AugAssign | cst.AnnAssign | cst.Del)
            if not written and not (isinstance(up, cst.Call) and up.func is attribute):
                found.setdefault(attribute.attr.value, []).append(attribute)
    return found


def argparse_uses(tree: PythonTree) -> Iterator[tuple[Option, list[cst.Attribute]]]:
    """Each option with the places that read it; options that share a name (of subcommands) and their places once."""
    uses = _uses(tree)
    options = list(argparse_options(tree))
    declared = Counter(option.name for option in options)
    by_function: dict[tuple[str, cst.FunctionDef | None], list[cst.Attribute]] = {}
    for name, places in uses.items():
        if declared[name] > 1:
            for place in places:
                by_function.setdefault((name, tree.function(place)), []).append(place)
    told: set[tuple[str, cst.FunctionDef | None]] = set()
    for option in options:
        places = uses.get(option.name, [])
        if declared[option.name] > 1:
            here = (option.name, tree.function(option.node))
            # Programs of their own in one text read their own; subcommands are read wherever.
            group = here if here in by_function else (option.name, None)
            if group in told:
                continue
            told.add(group)
            places = by_function.get(here, places)
        yield option, places
