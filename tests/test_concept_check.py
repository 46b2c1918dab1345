"""`author check` of concepts finds what would teach something wrong, and says so in one sentence."""

import shutil

import pytest
from bank import SAMPLE, sample_library

from dlkata.author.concept_inspection import inspect_concept, sentences
from dlkata.author.concept_proof import prove_concept
from dlkata.laboratory.bench import laboratory


@pytest.fixture(scope="module")
def bench():
    with laboratory() as bench:
        yield bench


@pytest.fixture
def spoiled(tmp_path, bench):
    """All complaints about a copy of the sample in which one text was replaced."""

    def check(file: str, old: str, new: str, times: int = 1) -> list[str]:
        folder = tmp_path / "sample"
        shutil.copytree(SAMPLE, folder)
        path = folder / "questions" / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, times), encoding="utf-8")
        library = sample_library(folder)
        concept = library.concept(path.stem)
        proofs = [f"{p.label}: {p.complaint}" for p in prove_concept(concept, bench) if p.complaint]
        return inspect_concept(concept, library) + proofs

    return check


def test_the_samples_are_without_fault(bench):
    library = sample_library()
    for name in ("coins", "sums", "alphabet"):
        concept = library.concept(name)
        assert inspect_concept(concept, library) == []
        proofs = list(prove_concept(concept, bench))
        assert [p for p in proofs if p.complaint] == []
    assert library.index.problems == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("arith/coins.md", r"p = \frac{1}{2}", r"p = \operatorname{half}", "cannot be drawn"),
        ("arith/coins.md", "- [ ] It is less likely, as heads are on a lucky streak.", "- [ ] All of the above.", "no catch-all"),
        ("arith/coins.md", "- [ ] 其实变小了，正面的手气正旺。", "- [ ] 以上都对。", "no catch-all"),
        ("arith/coins.md", "the coin keeps no record.", "the coin keeps no record of what it did, nor does the hand, nor the table on which it falls, nor anybody who looks on while it falls.", "times as long"),
        ("arith/coins.md", "  > A streak tells nothing about a fair coin's next toss.\n", "", "in one language only"),
        ("arith/coins.md", "A streak tells nothing", "One. Two. Three. A streak tells nothing", "4 sentences"),
        ("arith/coins.md", "A streak tells nothing", "A streak " + "very " * 70 + "tells nothing", "characters"),
        ("arith/coins.md", "为什么下一次反面的概率没有变大？", "为什么,下一次反面的概率没有变大？", "half-width"),
        ("arith/coins.md", "Each toss contributes ½.", "Each toss contributes $\\frac{1}{2}$ here.", "Unicode, not LaTeX"),
        ("arith/coins.md", "why = true\n", "", "asks why"),
        ("arith/coins.md", "{{quarter}}", "{{third}}", "third not drawn"),
        ("arith/coins.md", "凡是有人等着转运的地方，都用得上它。", "Everywhere.\n\n又一段。", "not parallel"),
        ("arith/coins.py", '"quarter": n // 4', '"quarter": n // 2', "two options are the same"),
        ("arith/coins.py", "n = 4 * rng.randint(2, 40)", "n = 40", "1 variants"),
        ("arith/coins.py", "rng.randint(2, 40)", "__import__('random').randint(2, 40)", "other numbers from the same seed"),
        ("arith/coins.py", '"half": n // 2', '"half": n // 2 + 1', "running it says False"),
        ("arith/coins.py", "share < 0.5", "share < 0.6", "option 2 is marked wrong, but running it says True"),
        ("arith/coins.py", "return [share == 0.5, share < 0.5, share > 0.5]", "return [share == 0.5, None, None]", "no wrong option is refuted"),
        ("arith/coins.py", "return [share == 0.5, share < 0.5, share > 0.5]", "return [True]", "a list of 3 entries"),
        ("arith/coins.py", "def memory_evidence", "def other_evidence", "belongs to no question"),
        ("arith/coins.py", "< 0.05,", "< 0.00001,", "settles at one half"),
        ("arith/coins.py", '"chart": "bars"', '"chart": "pie"', "pie"),
        ("arith/coins.py", "shares), (", "shares[1:]), (", "not as long as x"),
        ("arith/coins.py", "import random\n", "import os; os._exit(3)\n", "its process ended"),
        ("arith/coins.py", "str(0.5**3)", "str(0.5**4)", "`0.0625` does not stand in the en explanation"),
        ("arith/coins.py", "[off or rng.random()", "[rng.random()", "experiment --off"),
        ("arith/coins.py", '"off": (', '"of": (', "does not say under `off`"),
        ("arith/coins.py", '"9-16"]', '"9-16", "17-24"]', "a label for each or none"),
        ("arith/coins.md", "question = 'heads'", "question = 'heads'\npredicts = true", "one question `predicts`"),
        ("arith/coins.py", "def experiment(", "def other(", "there is no experiment"),
        ("words/alphabet.md", "- [?] ", "- [ ] ", "what is asked next"),
        ("words/alphabet.md", "  > It says nothing of what the order is good for.\n", "", "said in one language only"),
        ("arith/sums.md", "sum(range(5))", "sum(range(6))", "prints `15`, not `10`"),
        ("arith/sums.md", "- [x] `10`", "- [x] 10", "inside backquotes"),
        ("arith/sums.md", "order = 20", "order = 10", "same topic and order"),
    ],
)  # fmt: skip
def test_what_is_spoiled_is_found(spoiled, file, old, new, said):
    times = 10 if "range" in old or "[?]" in old else 1  # in both languages
    complaints = spoiled(file, old, new, times)
    assert any(said in complaint for complaint in complaints), complaints
    assert len(complaints) <= 5, complaints


def test_code_that_hangs_is_ended(spoiled, monkeypatch):
    from dlkata.laboratory import bench as laboratory

    monkeypatch.setattr(laboratory, "EVIDENCE_SECONDS", 1.0)
    complaints = spoiled(
        "arith/coins.py", "    share = sum(after)", "    while True: pass\n    share = sum(after)"
    )
    assert any("no answer within 1 s" in complaint for complaint in complaints)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("One.", 1), ("One. Two!", 2), ("e.g. this, i.e. one sentence.", 1), ("Half a", 1),
        ("`a. B.` is code.", 1), ("一句。两句！", 2), ("p = 0.5 is a number.", 1), ('He said "no." Then left.', 2),
    ],
)  # fmt: skip
def test_sentences_are_counted(text, count):
    assert sentences(text) == count


def test_author_check_and_coverage_from_the_command_line(dlkata, home, tmp_path):
    import json

    shutil.copytree(SAMPLE, tmp_path / "sample")
    page = tmp_path / "sample" / "questions" / "arith" / "coins.md"
    page.write_text(page.read_text(encoding="utf-8").replace("why = true", "", 1), encoding="utf-8")
    (home / "data").mkdir()
    (home / "data" / "config.toml").write_text(f'packs = ["{tmp_path / "sample"}"]\n', encoding="utf-8")
    good = dlkata("author", "check", "sample/sums")
    assert good.code == 0 and "✓ sample/sums: 2 claims hold" in good.out, good
    bad = dlkata("author", "check", "sample/coins", "--json")
    (found,) = json.loads(bad.out)
    assert bad.code == 1 and found["concept"] == "sample/coins" and "asks why" in found["complaints"][0]
    assert dlkata("author", "check", "nothing-at-all").code == 2
    counted = json.loads(dlkata("author", "coverage", "--json").out)
    assert counted["topics"]["arith"]["concepts"] == 2 and counted["topics"]["arith"]["questions"] == 4
    assert "arith" in dlkata("author", "coverage").out
