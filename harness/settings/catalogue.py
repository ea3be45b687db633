"""Every setting: its name in a config file and as a flag, the values it takes, and the commands that have it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from harness.engine.choose import ENGINES, HARBOR
from harness.engine.recipe.standin import parse_stand_in
from harness.errors import UsageError
from harness.task.network import MODES
from harness.task.runners import CHOICES

NO_PROBE = "none"
THREADS, RAY = "threads", "ray"
"""Workers: of this process, and of a cluster."""
MANY_TASKS = 50
"""With more of them not every mutant of each is worth its trial."""
DEPTHS: Mapping[str, int] = {"quick": 20, "standard": 60, "deep": 250}


class ValueKind(StrEnum):
    """What a value is in TOML, and how its flag is written."""

    INTEGER = "a whole number"
    NUMBER = "a number"
    CHOICE = "one of some texts"
    TEXT = "a text"
    PATH = "a path"
    """Relative to the config file's folder there, to the current folder on the command line."""
    LIST = "a list of texts"
    """The flag may be given several times; a list replaces the one below it."""
    TABLE = "a table of texts"
    """The flag is KEY=VALUE and may be given several times; tables are put together key by key."""
    NUMBERS = "a table of numbers"
    SWITCH = "true or false"
    """The flag alone is true."""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    kind: ValueKind
    commands: frozenset[str]
    help: str
    default: Any = None
    entries: Callable[[], Mapping[str, float]] | None = None
    """A table's defaults."""
    per_task: bool = True
    """It is allowed in an `[[override]]`."""
    choices: tuple[str, ...] = ()
    beginning: str = ""
    """A value may also be this with a name behind it."""
    low: float = -math.inf
    high: float = math.inf
    short: str = ""
    metavar: str | None = None
    known: Callable[[], Collection[str]] | None = None
    """The allowed items of a list, or keys of a table; None allows any."""
    what: str = ""
    """What such an item is called in a message."""
    item: Callable[[str], object] | None = None
    """Checks a table's value further; raises UsageError."""

    @property
    def table(self) -> bool:
        return self.kind in (ValueKind.TABLE, ValueKind.NUMBERS)

    def names(self, value: str) -> bool:
        return bool(self.beginning) and value.startswith(self.beginning) and value != self.beginning


# What a list's items may be is imported where somebody asks for it: a command's help needs none of it, and starts fast.


def operator_names() -> frozenset[str]:
    """Every operator, and every family: its name stands for all its operators."""
    from mutator.operators import FAMILIES

    ids = {operator.id for family in FAMILIES for operator in family.operators}
    families = {".".join(parts[:end]) for parts in (each.split(".") for each in ids) for end in range(1, len(parts))}
    return frozenset(ids | families)


def _faults() -> frozenset[str]:
    from mutator.model import FaultClass

    return frozenset(FaultClass)


def _probes() -> frozenset[str]:
    from harness.probes.model import Probe

    return frozenset({*Probe, NO_PROBE})


def _findings() -> frozenset[str]:
    from harness.findings.catalogue import FINDINGS

    return frozenset(FINDINGS)


def _thresholds() -> Mapping[str, float]:
    from harness.judging.strength import Thresholds

    return asdict(Thresholds())


def _reason(text: str) -> None:
    if not text.strip():
        raise UsageError("Why it is accepted must be said.")


def _workers(text: str) -> None:
    scheme, _, host = text.partition("://")
    if text not in (THREADS, RAY) and not (scheme == RAY and host):
        raise UsageError("There are no such workers.", hint="Write threads, ray or ray://HOST:PORT.")


def _commands(*names: str) -> frozenset[str]:
    return frozenset(names)


_BOXES = _commands("check", "audit", "doctor", "clean", "harden", "attempts", "regrade")
_RUNS = _commands("check", "audit")
_TRIALS = _commands("check", "audit", "harden", "attempts", "regrade")
_CONTROLS = _commands("check", "audit", "attempts", "regrade")
_MUTANTS = _commands("mutants", "audit")
_MODEL = _commands("propose")
_TASKS = _commands("check", "mutants", "audit", "attempts")
_GATE = _commands("audit", "gate", "baseline")

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "engine",
        ValueKind.CHOICE,
        _BOXES,
        "What makes the boxes: docker where a daemon answers, else bwrap. `harbor:NAME` is Harbor's environment NAME.",
        "auto",
        per_task=False,
        choices=ENGINES,
        beginning=HARBOR.name,
    ),
    Setting(
        "image",
        ValueKind.TABLE,
        _BOXES,
        "What stands for a FROM: `host`, a folder or tar with a root filesystem, or (docker) an image. `*` is every "
        "FROM without an entry of its own. May be given several times.",
        metavar="FROM=BASE",
        item=parse_stand_in,
    ),
    Setting(
        "column",
        ValueKind.TEXT,
        _TASKS | _MODEL,
        "The column of a parquet file that holds each task as a tar or zip. [default: task_binary]",
        per_task=False,
        metavar="NAME",
    ),
    Setting("repeat", ValueKind.INTEGER, _CONTROLS, "Runs of the reference.", 3, low=1, high=100),
    Setting(
        "jobs",
        ValueKind.INTEGER,
        _TRIALS,
        "Trials at once. [default: the number of cores]",
        per_task=False,
        low=1,
        high=256,
        short="-j",
    ),
    Setting(
        "workers",
        ValueKind.TEXT,
        _RUNS,
        "Who runs the trials: `threads` of this process, or the machines of a `ray` cluster (ray://HOST:PORT from "
        "outside of it), with --jobs trials on each. docs/ray.md.",
        THREADS,
        per_task=False,
        metavar="WORKERS",
        item=_workers,
    ),
    Setting(
        "network",
        ValueKind.CHOICE,
        _TRIALS,
        "auto: where the task allows it and the reference is not paid without. A task that declares no network never "
        "gets one, and one that lists hosts reaches those. record: every host by TCP, and which are told.",
        "auto",
        choices=MODES,
    ),
    Setting(
        "runner",
        ValueKind.CHOICE,
        _TRIALS,
        "Which version of Harbor the trials of Harbor's tasks follow; docs/runners.md lists what differs.",
        CHOICES[-1],
        choices=CHOICES,
    ),
    Setting("timeout-factor", ValueKind.NUMBER, _TRIALS, "Times the tasks' own time limits.", 1.0, low=0.01, high=1000),
    Setting(
        "depth",
        ValueKind.CHOICE,
        _MUTANTS,
        f"How many mutants a step gets: {', '.join(map(str, DEPTHS.values()))}.",
        "standard",
        choices=tuple(DEPTHS),
    ),
    Setting("budget", ValueKind.INTEGER, _MUTANTS, "How many mutants a step gets, exactly; instead of --depth.", low=1),
    Setting(
        "seed",
        ValueKind.INTEGER,
        _TASKS | _MODEL,
        "Draws the sample, and breaks ties between mutants worth the same.",
        0,
        per_task=False,
    ),
    Setting(
        "operator",
        ValueKind.LIST,
        _MUTANTS,
        "Only this operator or family of operators.",
        metavar="ID",
        known=operator_names,
        what="operator",
    ),
    Setting(
        "skip-operator",
        ValueKind.LIST,
        _MUTANTS,
        "Not this operator or family of operators.",
        metavar="ID",
        known=operator_names,
        what="operator",
    ),
    Setting(
        "fault",
        ValueKind.LIST,
        _MUTANTS,
        "Only this fault class.",
        metavar="CLASS",
        known=_faults,
        what="fault class",
    ),
    Setting(
        "skip-fault",
        ValueKind.LIST,
        _MUTANTS,
        "Not this fault class.",
        metavar="CLASS",
        known=_faults,
        what="fault class",
    ),
    Setting("source", ValueKind.LIST, _MUTANTS, "Only sources whose name has this in it.", metavar="TEXT"),
    Setting(
        "probe",
        ValueKind.LIST,
        _commands("audit"),
        "Only this probe, besides the mutants; `none` for no probe. [default: at `quick` depth hidden and words, at "
        "`standard` all but conform and least, at `deep` all]",
        metavar="PROBE",
        known=_probes,
        what="probe",
    ),
    Setting(
        "least-trials",
        ValueKind.INTEGER,
        _commands("audit"),
        "Trials in which the probe `least` looks for the smallest part of a solution that is paid.",
        60,
        low=1,
        high=10_000,
    ),
    Setting(
        "threshold",
        ValueKind.NUMBERS,
        _commands("audit"),
        "What makes a verdict, such as `adequate=0.6`; docs/verdicts.md lists them.",
        entries=_thresholds,
        metavar="NAME=NUMBER",
        low=0,
        known=_thresholds,
        what="threshold",
    ),
    Setting(
        "until-sure",
        ValueKind.CHOICE,
        _commands("audit"),
        "Run a task's mutants in an order drawn by lot, and no more of them when its verdict can hardly change: `auto` "
        f"does with more than {MANY_TASKS} tasks.",
        "auto",
        per_task=False,
        choices=("auto", "always", "never"),
    ),
    Setting(
        "duplicates",
        ValueKind.CHOICE,
        _commands("audit"),
        "Tasks that are audited once and counted: those with the same files (exact), also those with the same "
        "instruction and tests but for names (near), or none.",
        "exact",
        per_task=False,
        choices=("exact", "near", "each"),
    ),
    Setting(
        "no-reuse",
        ValueKind.SWITCH,
        _commands("audit"),
        "Have the tests prepare themselves in every trial, also where what they install was shown to be the same.",
        False,
    ),
    Setting(
        "fail-under",
        ValueKind.NUMBER,
        _GATE,
        "Fail where a task's strength is below this many percent, instead of where it is `weak`.",
        low=0,
        high=100,
        metavar="PERCENT",
    ),
    Setting(
        "fail-on",
        ValueKind.LIST,
        _GATE,
        "Fail where a task has this finding.",
        metavar="FINDING",
        known=_findings,
        what="finding",
    ),
    Setting(
        "accept",
        ValueKind.TABLE,
        _GATE,
        "Let this finding pass, and why.",
        metavar="FINDING=REASON",
        known=_findings,
        what="finding",
        item=_reason,
    ),
    Setting(
        "baseline",
        ValueKind.PATH,
        _GATE,
        "A file of accepted findings and mutants, as `foolsgold baseline` writes it.",
        per_task=False,
        metavar="FILE",
    ),
    Setting(
        "model",
        ValueKind.TEXT,
        _MODEL,
        "The model that is asked, by the endpoint's name for it. [default: FOOLSGOLD_MODEL]",
        per_task=False,
        metavar="NAME",
    ),
    Setting(
        "model-option",
        ValueKind.TABLE,
        _MODEL,
        "A field of every request, such as temperature=0.7. May be given several times.",
        per_task=False,
        metavar="NAME=VALUE",
    ),
    Setting(
        "model-price-in",
        ValueKind.NUMBER,
        _MODEL,
        "What a million tokens of prompts cost.",
        per_task=False,
        low=0,
        metavar="PRICE",
    ),
    Setting(
        "model-price-out",
        ValueKind.NUMBER,
        _MODEL,
        "What a million tokens of answers cost.",
        per_task=False,
        low=0,
        metavar="PRICE",
    ),
    Setting(
        "model-tokens",
        ValueKind.INTEGER,
        _MODEL,
        "The most tokens that a call may spend, prompts and answers together.",
        per_task=False,
        low=1,
        metavar="NUMBER",
    ),
    Setting(
        "model-cost",
        ValueKind.NUMBER,
        _MODEL,
        "The most that a call may spend, by the prices given.",
        per_task=False,
        low=0,
        metavar="MONEY",
    ),
)
BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


class Unfit(ValueError):
    """A value that a setting cannot have; `hint` names values that it can."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def fitting(setting: Setting, value: Any, key: str = "") -> Any:
    """The value as the program uses it; `key` is the entry's name in a table. Raises Unfit."""
    if setting.known is not None and setting.table and key not in setting.known():
        raise _unknown(setting, key)
    match setting.kind:
        case ValueKind.INTEGER:
            return _whole(setting, value)
        case ValueKind.NUMBER:
            return _number(setting, value)
        case ValueKind.SWITCH:
            if not isinstance(value, bool):
                raise Unfit(f"is {_shown(value)} and must be {setting.kind}")
            return value
        case ValueKind.NUMBERS:
            assert setting.entries is not None
            whole = isinstance(setting.entries()[key], int)
            return _whole(setting, value) if whole else _share(setting, value)
        case ValueKind.LIST:
            if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
                raise Unfit(f"is {_shown(value)} and must be {setting.kind}")
            for each in value:
                if setting.known is not None and each not in setting.known():
                    raise _unknown(setting, each)
            return tuple(value)
        case _:
            return _text(setting, value)


def _text(setting: Setting, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Unfit(f"is {_shown(value)} and must be a text")
    if setting.choices and value not in setting.choices and not setting.names(value):
        raise Unfit(f"cannot be {value!r}", suggestion(value, setting.choices))
    if setting.item is not None:
        try:
            setting.item(value)
        except UsageError as error:
            raise Unfit(f"is {value!r}: {error.message}", error.hint) from error
    return value


def _number(setting: Setting, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f"is {_shown(value)} and must be a number")
    return float(_in_range(value, setting.low, setting.high))


def _whole(setting: Setting, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(f"is {_shown(value)} and must be a whole number")
    return int(_in_range(value, setting.low, setting.high))


def _share(setting: Setting, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit(f"is {_shown(value)} and must be a number")
    return float(_in_range(value, setting.low, 1.0))


def _in_range(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        if high == math.inf:
            raise Unfit(f"is {value} and must be at least {low:g}")
        raise Unfit(f"is {value} and must be between {low:g} and {high:g}")
    return value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    return repr(list(value) if isinstance(value, tuple) else value)


def _unknown(setting: Setting, name: str) -> Unfit:
    assert setting.known is not None
    hint = suggestion(name, setting.known())
    if not hint and setting.what == "operator":
        hint = "`foolsgold operators` lists them."
    return Unfit(f"names the {setting.what} {name!r}, and there is none", hint)


def suggestion(wrong: str, known: Collection[str]) -> str:
    """`Did you mean ...?`, or the whole list where it is short."""
    names = sorted(map(str, known))
    near = difflib.get_close_matches(wrong, names, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(f'`{name}`' for name in near)}?"
    if len(names) <= 30:
        return f"There are: {', '.join(names)}."
    return ""
