"""A certificate holds for the very bytes that were proved, and only the program writes one."""

import json
import re
import shutil
from pathlib import Path

import pytest

from dlkata.author import certificate, proving
from dlkata.author.proving import Topic, kata_complaint, prove_topic, prove_whole_kata
from dlkata.content.concept import read_concept
from dlkata.content.kata import read_kata
from dlkata.content.library import Library
from dlkata.content.roots import BUILT_IN
from dlkata.laboratory.bench import laboratory

STEM = "cosine_lr"
PARTS = [
    f"katas/{STEM}.md", f"katas/{STEM}.py", f"solutions/{STEM}.py", f"solutions/{STEM}.toml",
    f"tests/katas/test_{STEM}.py", f"tests/right/{STEM}", f"tests/wrong/{STEM}",
]  # fmt: skip


@pytest.fixture
def kata(tmp_path):
    """A copy of one kata, certified without being proved."""
    for part in PARTS:
        source, target = BUILT_IN / part, tmp_path / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    kata = read_kata(tmp_path, STEM)
    figures = {"bugs": 3, "cpu_seconds": 1.5}
    proved = proving.Digests.of(kata)
    certificate.write(certificate.kata_file(kata), proved.judging, figures, naming=proved.naming)
    return kata


def files_of(root: Path) -> list[Path]:
    return sorted(file for file in root.rglob("*") if file.is_file() and "proofs" not in file.parts)


def test_an_untouched_kata_keeps_its_certificate(kata):
    assert kata_complaint(kata) is None
    assert certificate.read(certificate.kata_file(kata)).figures == {"bugs": 3, "cpu_seconds": 1.5}


def test_one_changed_byte_in_any_file_makes_it_stale(kata):
    files = files_of(kata.root)
    assert len(files) > 15
    for file in files:
        before = file.read_bytes()
        file.write_bytes(before + b"\n")
        assert "changed" in kata_complaint(kata), file
        assert proving.only_names_are_stale(kata) == ("wrong" in file.parts), file
        file.write_bytes(before)
    assert kata_complaint(kata) is None


def test_an_attempt_more_or_less_makes_it_stale(kata):
    (kata.root / "tests" / "wrong" / STEM / "another.py").write_text("# mistake: none\n", encoding="utf-8")
    assert "changed" in kata_complaint(kata)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A copy of what certificates depend on."""
    package = tmp_path / "engine"
    for part in ("suite", "grading"):
        shutil.copytree(certificate.PACKAGE / part, package / part)
    monkeypatch.setattr(certificate, "PACKAGE", package)
    return package


def _change(path: Path) -> None:
    file = path if path.is_file() else next(path.glob("[a-z]*.py"))
    file.write_bytes(file.read_bytes() + b"\n")


@pytest.mark.parametrize("part", certificate.JUDGES)
def test_what_judges_is_part_of_it(kata, part, engine):
    assert kata_complaint(kata) is None
    _change(engine / part)
    assert "changed" in kata_complaint(kata) and not proving.only_names_are_stale(kata)


@pytest.mark.parametrize("part", certificate.NAMERS)
def test_what_names_mistakes_makes_only_their_names_stale(kata, part, engine):
    _change(engine / part)
    assert "changed" in kata_complaint(kata) and proving.only_names_are_stale(kata)


def test_all_that_explains_is_part_of_what_judges_or_of_what_names():
    import dlkata.grading.explain as explain

    namers = {Path(explain.__file__).parent / Path(part).name for part in certificate.NAMERS}
    journal = Path(explain.__file__).parent / "journal.py"
    assert {journal, *namers} == set(Path(explain.__file__).parent.glob("[a-z]*.py"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bugs = 3", "bugs = 30"),
        ("torch = '", "torch = '9."),
        ("digest = '", "digest = 'a"),
        ("seal = '", "seal = 'a"),
    ],
)
def test_a_certificate_edited_by_hand_is_noticed(kata, old, new):
    file = certificate.kata_file(kata)
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert "edited" in kata_complaint(kata)


def test_a_certificate_that_is_none_or_nonsense_is_noticed(kata):
    file = certificate.kata_file(kata)
    file.write_text("digest = 3", encoding="utf-8")
    assert "no certificate" in kata_complaint(kata)
    file.unlink()
    assert "no certificate" in kata_complaint(kata)


def test_another_torch_is_another_proof(kata, monkeypatch):
    monkeypatch.setattr(certificate, "versions", lambda: {"python": "3.11", "torch": "9.9.9"})
    assert "torch" in kata_complaint(kata)


def test_what_does_not_hold_gets_no_certificate(kata):
    """Not even one that was left of before: the old one is stale, and nobody renews it."""
    page = kata.root / "katas" / f"{STEM}.md"
    page.write_text(page.read_text(encoding="utf-8").replace("# zh: ", "# zh: English "), encoding="utf-8")
    solution = kata.root / "solutions" / f"{STEM}.toml"
    text = solution.read_text(encoding="utf-8")
    solution.write_text(
        re.sub(r"find = '(.*)'", "find = 'nowhere to be found'", text, count=1), encoding="utf-8"
    )
    broken = read_kata(kata.root, STEM)
    outcome = prove_whole_kata(broken, Library(), lambda: pytest.fail("it must not come to running"), 1)
    assert outcome.complaints and kata_complaint(broken) is not None


@pytest.mark.parametrize("changed", ["the kata", "the engine", "nothing"])
def test_what_changed_while_it_was_proved_gets_no_certificate(kata, engine, monkeypatch, changed):
    """Or the new bytes would be certified by what the old ones did."""
    certificate.kata_file(kata).unlink()

    def prove(*_arguments):
        if changed == "the engine":
            _change(engine / "suite")
        if changed == "the kata":
            _change(kata.suite_file)
        return []

    monkeypatch.setattr(proving, "prove_names", prove)
    monkeypatch.setattr(proving, "_computing", lambda _open_line: 0.0)
    monkeypatch.setattr(proving, "_hold", lambda *_arguments: {})
    outcome = proving.prove_kata_names(kata, pytest.fail, 1)
    assert bool(outcome.complaints) == (changed != "nothing")
    assert (kata_complaint(kata) is None) == (changed == "nothing")


SAMPLE = Path(__file__).parent / "bank" / "sample"


@pytest.fixture
def topic(tmp_path):
    shutil.copytree(SAMPLE, tmp_path / "sample")
    folder = tmp_path / "sample"
    concepts = [read_concept(folder / "questions" / "arith" / f"{name}.md") for name in ("coins", "sums")]
    return Topic("arith", folder, concepts)


def test_a_topic_is_proved_concept_by_concept(topic, monkeypatch):
    monkeypatch.setattr(proving, "inspect_concept", lambda _concept, _library: [])  # they are in no library
    assert "no certificate" in topic.complaint()
    with laboratory() as bench:
        names = [found.name for found in prove_topic(topic, Library(), bench)]
        assert names == ["coins", "sums"] and topic.complaint() is None
        page = topic.root / "questions" / "arith" / "sums.md"
        page.write_bytes(page.read_bytes() + b"\n")
        assert "changed" in topic.complaint() and list(topic.proved()) == ["coins"]
        assert [found.name for found in prove_topic(topic, Library(), bench)] == ["sums"]
        assert topic.complaint() is None
        program = topic.root / "questions" / "arith" / "coins.py"
        text = program.read_text(encoding="utf-8")
        program.write_text(text.replace('"half": n // 2', '"half": n // 2 + 1'), encoding="utf-8")
        (found,) = prove_topic(topic, Library(), bench)
        assert found.complaints and "changed" in topic.complaint()


def test_the_command_lists_what_is_stale(dlkata):
    listed = dlkata("author", "prove", "--stale", "--json")
    assert listed.code == (1 if json.loads(listed.out) else 0), listed
    assert dlkata("author", "prove", "nothing-at-all").code == 2
