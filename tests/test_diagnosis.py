"""Which known mistakes explain an attempt: one, or two together; and what the proofs have seen of each."""

import json
import shutil

import pytest

from dlkata.content.library import Library
from dlkata.content.proved import FOLDER, digest_of, fails_proved, table_of
from dlkata.content.roots import BUILT_IN


@pytest.fixture
def named(warm, tmp_path):
    """The names that an attempt gets."""

    def of(kata: str, source: str) -> list[str]:
        file = tmp_path / f"{kata}.py"
        file.write_text(source, encoding="utf-8")
        return (json.loads(warm("check", str(file), "--json").out)["diagnosis"] or {"bugs": []})["bugs"]

    return of


@pytest.mark.parametrize(
    "kata, bugs",
    [
        ("rope", ["even_overwritten", "positions_from_one"]),
        ("attention", ["no_scale", "mask_inverted"]),
        ("rmsnorm", ["output_stays_float32", "unbiased_mean"]),
    ],
)
def test_two_known_mistakes_are_both_named(named, kata, bugs):
    source = Library().kata(kata).reference
    for bug in Library().kata(kata).solution.bugs:
        if bug.name in bugs:
            source = bug.apply(source)
    assert sorted(named(kata, source)) == sorted(bugs)


def test_one_known_mistake_beside_an_unknown_one_gets_no_name(named):
    kata = Library().kata("attention")
    source = next(bug for bug in kata.solution.bugs if bug.name == "no_scale").apply(kata.reference)
    assert named("attention", source) == ["no_scale"]
    assert source.count("weights @ v") == 1
    assert named("attention", source.replace("weights @ v", "(weights @ v) * 1.5")) == []


@pytest.fixture
def root(tmp_path):
    for part in ("solutions/rope.py", "solutions/rope.toml", "tests/katas/test_rope.py"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(BUILT_IN / part, tmp_path / part)
    return tmp_path


def test_what_each_mistake_fails_is_read_as_it_was_proved(root):
    suite = root / "tests" / "katas" / "test_rope.py"
    assert fails_proved(suite) == {}
    seen = {"one:0": ["test_b", "test_a"], "two:1": ["test_b"]}
    file = root / FOLDER / "rope.toml"
    file.parent.mkdir(parents=True)
    table = table_of(root, "rope", seen)
    file.write_text(
        "[fails]\n" + "\n".join(f'"{key}" = "{value}"' for key, value in table.items()), encoding="utf-8"
    )
    assert fails_proved(suite) == {label: frozenset(tests) for label, tests in seen.items()}
    before = digest_of(root, "rope")
    suite.write_text(suite.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert digest_of(root, "rope") != before and fails_proved(suite) == {}


def test_a_table_that_is_nonsense_says_nothing(root):
    file = root / FOLDER / "rope.toml"
    file.parent.mkdir(parents=True)
    for text in (
        "",
        "[fails",
        "fails = 3",
        "[fails]\ntests = 3",
        '[fails]\ntests = "a"\nof = "x"\n"b:0" = "7"',
    ):
        file.write_text(text, encoding="utf-8")
        assert fails_proved(root / "tests" / "katas" / "test_rope.py") == {}


def test_every_proved_kata_says_what_its_mistakes_fail():
    for kata in Library().katas:
        known = fails_proved(kata.suite_file)
        labels = {f"{bug.name}:{n}" for bug in kata.solution.bugs for n in range(len(bug.spellings))}
        assert not known or known.keys() == labels, kata.name
        assert all(known.values()), kata.name
