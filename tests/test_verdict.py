"""What a learner reads after a check: each thing once, what matters first."""

from pathlib import Path

import pytest

from dlkata.cli.report import Report
from dlkata.content.library import Library
from dlkata.grading.protocol import (
    Banned,
    Default,
    Frame,
    Outcome,
    Plan,
    Problem,
    Raised,
    Result,
    Sentence,
    Verdict,
)  # fmt: skip
from dlkata.suite.finding import Finding
from dlkata.ui.attempt import attempt_text
from dlkata.ui.failures import details
from dlkata.ui.finding import explain, explain_finding
from dlkata.ui.math import draw

KATA = Library().kata("attention")
NAMES = [f"test_{number}" for number in range(8)]


def result(number: int, outcome: Outcome = Outcome.FAILED, **fields) -> Result:
    return Result(NAMES[number], Sentence(f"Test {number}", f"测试 {number}"), outcome, **fields)


def raised(kind: str, text: str, line: int) -> Raised:
    return Raised(kind, text, [Frame(line, "attention", "p = torch.softmax(s, -1)")])


def screen(capsys, results, verdict=None, **options) -> str:
    """All that `check` prints for these events, 80 columns wide."""
    report = Report(KATA, Path("mine.py"), "", "cpu", "dlkata", quiet=False, **options)
    report.hear(Plan([(one.name, one.sentence) for one in results], "cpu"))
    for one in results:
        report.hear(one)
    report.hear(verdict or Verdict(passed=False))
    live = capsys.readouterr().out
    return live + "\n".join(line.plain for line in report.closing(80))


def test_one_exception_is_told_once_with_its_line_and_what_is_missing(capsys):
    same = [
        result(n, Outcome.RAISED, raised=raised("NameError", "name 'torch' is not defined", 4 + n))
        for n in range(5)
    ]
    text = screen(capsys, [*same, result(5, Outcome.PASSED)])
    assert text.count("NameError") == 1 and text.count("✗") == 1
    assert (
        "At the top of your file `import torch` is missing." in text
        and "4 more tests fail in the same way." in text
    )
    assert text.index("NameError") < text.index("4 more tests")


def test_what_it_is_stands_before_the_tests_that_fail_and_what_they_print_beside_them(capsys):
    results = [result(n, finding=Finding("property", en=f"It is wrong {n}.")) for n in range(5)]
    results[1].output = "looking here\n"
    verdict = Verdict(passed=False, bugs=[KATA.solution.bugs[0].name])
    text = screen(capsys, results, verdict)
    said = [
        "Likely cause",
        "✗ Test 0",
        "✗ Test 1",
        "looking here",
        "✗ Test 2",
        "2 more failures:",
        "Not passed",
    ]
    assert sorted(said, key=text.index) == said and "Test 3" not in text


def test_other_exceptions_at_other_lines_are_told_apart(capsys):
    text = screen(capsys, [result(n, Outcome.RAISED, raised=raised("ValueError", "no", n)) for n in range(3)])
    assert text.count("Your code raises ValueError") == 3 and "the same way" not in text


def test_the_most_telling_failure_comes_first():
    wrong = Finding("values", "output", wrong=3, total=9, index=[0, 1], actual="1", expected="2")
    results = [
        result(0, finding=wrong),
        result(1, finding=Finding("property", en="It depends on earlier calls.", zh="依赖之前的调用。")),
        result(2, finding=Finding("edited", "q")),
    ]
    text = "\n".join(line.plain for line in details(results, 80))
    assert text.index("changed its input") < text.index("earlier calls") < text.index("3 of 9")


def test_three_failures_are_explained_and_the_others_are_a_command_away(capsys):
    results = [
        result(n, finding=Finding("shape", f"output{n}", actual="(2,)", expected="(3,)")) for n in range(5)
    ]
    text = screen(capsys, results, again="mine.py --as attention")
    assert text.count("has shape") == 3
    assert "2 more failures: dlkata check mine.py --as attention --all-failures" in " ".join(text.split())
    assert "Check again: dlkata check mine.py --as attention" in text
    assert screen(capsys, results, all_failures=True).count("has shape") == 5


def test_equal_messages_are_one(capsys):
    results = [
        result(n, finding=Finding("shape", "output", actual="(2,)", expected="(3,)")) for n in range(4)
    ]
    text = screen(capsys, results)
    assert text.count("has shape") == 1 and "3 more tests fail in the same way." in text


def test_what_is_forbidden_stands_before_the_failures(capsys):
    results = [
        result(0, finding=Finding("shape", "output", actual="(2,)", expected="(3,)")),
        result(1, Outcome.PASSED),
    ]
    text = screen(capsys, results, Verdict(passed=False, banned=[Banned("softmax", 7)]))
    assert text.index("`softmax` is forbidden") < text.index("has shape") < text.index("Not passed")


def test_a_hang_names_its_line_and_that_the_rest_was_not_run(capsys):
    results = [result(n, Outcome.TIMEOUT, seconds=9.0 - n, raised=raised("Timeout", "", 5)) for n in range(2)]
    text = screen(capsys, results)
    assert text.count("No answer within") == 1 and "line 5, in attention:" in text
    assert "After two tests that did not end the others were not run." in text


def test_what_an_attempt_prints_is_shown_once_and_counted(capsys):
    loud = "\n".join(f"line {n}" for n in range(7)) + "\n"
    results = [result(n, Outcome.PASSED, output=loud, output_cut=3) for n in range(4)]
    text = screen(capsys, results, Verdict(passed=True))
    assert text.count("│ line") == 10 and "… and 30 more lines" in text


def test_a_long_list_of_names_is_cut_and_counted():
    names = ", ".join(f"layer{n}.weight (3, 4)" for n in range(9))
    lines = explain_finding(Finding("state_dict", expected=names))
    assert lines[1].count("weight") == 5 and "(9 in all)" in lines[1]


def test_the_map_says_which_slice_it_shows():
    found = Finding("values", "output", wrong=2, total=60, index=[1, 2, 0, 3], map=["··", "##"])
    assert "Where (# wrong, · right), in [1, 2, :, :]:" in explain_finding(found)


def test_a_changed_default_is_said_only_where_something_fails(capsys):
    changed = [Default("eps", 3, "1e-06", "1e-05")]
    failed = screen(
        capsys, [result(0, finding=Finding("edited", "q"))], Verdict(passed=False, defaults=changed)
    )
    assert "line 3: `eps` is 1e-06 if it is not given; the statement says 1e-05." in failed
    assert "1e-06" not in screen(capsys, [result(0, Outcome.PASSED)], Verdict(passed=True, defaults=changed))


def test_a_changed_default_is_found_in_a_real_check(dlkata, tmp_path):
    import json

    file = tmp_path / "layernorm.py"
    source = Library().kata("layernorm").reference
    assert "eps: float = 1e-5" in source
    file.write_text(source.replace("eps: float = 1e-5", "eps: float = 1e-3"), encoding="utf-8")
    answer = json.loads(dlkata("check", str(file), "--json", "--fail-fast").out)
    assert [(d["name"], d["mine"], d["asked"]) for d in answer["defaults"]] == [("eps", "0.001", "1e-05")]


def test_a_hang_at_loading_names_its_line():
    problem = Problem(kind="timeout", line=3, code="while True: pass")
    report = Report(KATA, Path("mine.py"), "", "cpu", "dlkata", quiet=True)
    report.hear(problem)
    assert "mine.py:3" in report.closing(80)[0].plain


def test_an_attempt_fits_an_editor_of_80_columns():
    for kata in Library().katas:
        lines = attempt_text(kata, "dlkata check").split('"""')[1].split("\n")
        prose = [line for line in lines if not line.startswith("  ")]
        assert max(map(len, prose)) <= 79, kata.name


@pytest.mark.parametrize(
    ("latex", "rows"),
    [
        ("a=b+c", [" a = b + c"]),
        (r"x=-y \cdot e^{-x+1}", [" x = -y ⋅ e⁻ˣ⁺¹"]),
        (r"f_t = \sigma(W_{\text{f}} x + b_f)", [" fₜ = σ(W x + b )", "         f     f"]),
        (r"i = W_{xi}^T x", [" i = Wₓᵢᵀx"]),
        (r"L = -y_i \log p_i", [" L = -yᵢ log pᵢ"]),
        (r"x \in [-1, 1]", [" x ∈ [-1,1]"]),
    ],
)
def test_formulas_have_room_around_their_operators_and_lose_no_script(latex, rows):
    assert draw(latex) == rows


def test_an_exception_within_the_suite_has_no_line_of_ours():
    assert "could not go on" in explain(result(0, Outcome.RAISED, raised=Raised("TypeError", "no", [])))[0]
