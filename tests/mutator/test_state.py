from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mutator.operators.state import Chmod, Output, Remove, Service, Stop, Write, mutants


def sentences(*outputs: Output) -> list[str]:
    return [mutant.sentence for mutant in mutants(outputs)]


def test_a_report_of_numbers_is_lost_cut_and_changed_in_every_way() -> None:
    made = list(mutants([Output("/app/out.json", b'{"sum": 12, "mean": -1.5}')]))
    assert [(mutant.operator, mutant.actions[0]) for mutant in made] == [
        ("state.delete", Remove("/app/out.json")),
        ("state.empty", Write("/app/out.json", b"")),
        ("state.truncate", Write("/app/out.json", b'{"sum": 12, ')),
        ("state.mode", Chmod("/app/out.json", 0o200)),
        ("state.shuffle-numbers", Write("/app/out.json", b'{"sum": -1.5, "mean": 12}')),
        ("state.scale-numbers", Write("/app/out.json", b'{"sum": 120, "mean": -15.0}')),
        ("state.flip-signs", Write("/app/out.json", b'{"sum": -12, "mean": 1.5}')),
        ("state.off-by-one", Write("/app/out.json", b'{"sum": 13, "mean": -1.5}')),
        ("state.off-by-one", Write("/app/out.json", b'{"sum": 12, "mean": 0.5}')),
        ("state.data.drop-entry", Write("/app/out.json", b'{"mean": -1.5}')),
        ("state.data.drop-entry", Write("/app/out.json", b'{"sum": 12}')),
        ("state.data.swap-values", Write("/app/out.json", b'{"sum": -1.5, "mean": 12}')),
        ("state.data.duplicate-value", Write("/app/out.json", b'{"sum": 12, "mean": 12}')),
        ("state.data.change-number", Write("/app/out.json", b'{"sum": 13, "mean": -1.5}')),
        ("state.data.change-number", Write("/app/out.json", b'{"sum": 0, "mean": -1.5}')),
        ("state.data.change-number", Write("/app/out.json", b'{"sum": 12, "mean": -2.5}')),
        ("state.data.change-number", Write("/app/out.json", b'{"sum": 12, "mean": 0.0}')),
        ("state.data.change-type", Write("/app/out.json", b'{"sum": "12", "mean": -1.5}')),
        ("state.data.change-type", Write("/app/out.json", b'{"sum": 12, "mean": "-1.5"}')),
    ]


def test_two_outputs_of_a_kind_are_swapped() -> None:
    assert "/a.txt and /b.txt have each other's content" in sentences(Output("/a.txt", b"x"), Output("/b.txt", b"y"))
    assert not any("each other" in said for said in sentences(Output("/a.txt", b"x"), Output("/b.txt", b"x")))


def test_modes_lose_what_makes_them_matter() -> None:
    assert "/run.sh has mode 0644, not 0755" in sentences(Output("/run.sh", b"x", 0o755))
    assert "/key has mode 0644, not 0600" in sentences(Output("/key", b"x", 0o600))


def test_a_service_is_stopped() -> None:
    made = list(mutants([], [Service("nginx", 7)]))
    assert [(mutant.sentence, mutant.actions) for mutant in made] == [("nginx does not run", (Stop(7),))]


@given(st.binary(max_size=60), st.sampled_from(["/a.json", "/b.csv", "/c.yaml", "/d", "/e.bin"]))
def test_any_bytes_give_distinct_ids_and_real_changes(data: bytes, path: str) -> None:
    made = list(mutants([Output(path, data)]))
    assert len({(mutant.id, mutant.operator) for mutant in made}) == len({repr((m.operator, m.actions)) for m in made})
    for mutant in made:
        for action in mutant.actions:
            assert not isinstance(action, Write) or action.data != data
