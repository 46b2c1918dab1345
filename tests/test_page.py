"""Pages: heads and sections, and errors that name file, line, field and remedy."""

import pytest

from dlkata.author.inspection import inspect
from dlkata.author.skeleton import write_skeleton
from dlkata.content.kata import KataHead, read_kata
from dlkata.content.library import Library
from dlkata.content.page import decode_toml, read_page
from dlkata.content.solution import Bug, read_solution
from dlkata.errors import DlkataError

KATA = """\
+++
level = 2
minutes = 20
topic = 'norm'
order = 10
+++
# en: Title
English.

```python
# en: not a heading
```
# zh: 标题
中文。
"""


def page(tmp_path, text):
    file = tmp_path / "katas" / "x.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_page_is_a_head_and_a_section_a_language(tmp_path):
    page(tmp_path, KATA)
    kata = read_kata(tmp_path, "x")
    assert kata.head.minutes == 20
    assert kata.statement["en"].title == "Title"
    assert kata.statement["en"].body.endswith("# en: not a heading\n```")
    assert kata.statement["zh"].body == "中文。"


def test_a_concepts_page_has_several_parts(tmp_path):
    text = "+++\norder = 1\n+++\n# en: A\nfirst\n# zh: 甲\n一\n\n+++\nquestion = 'q'\n+++\n# en\nasks\n# zh\n问\n"
    parts = read_page(page(tmp_path, text)).parts
    assert [part.head for part in parts] == ["order = 1", "question = 'q'"]
    assert parts[0].sections["zh"].body == "一"
    assert parts[1].sections["en"].body == "asks"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("level = 2", "level = '2'", 2, "level"),
        ("level = 2", "level = 4", 2, "level"),
        ("minutes = 20", "minuets = 20", 3, "minuets"),
        ("topic = 'norm'", "topic = norm", 4, "not TOML"),
        ("topic = 'norm'", 'topic = "\\frac"', 4, "control character"),
        ("order = 10\n", "", 2, "order"),
    ],
)
def test_an_error_names_file_line_field_and_remedy(tmp_path, old, new, line, words):
    page(tmp_path, KATA.replace(old, new))
    with pytest.raises(DlkataError) as error:
        read_kata(tmp_path, "x")
    assert f"x.md:{line}:" in error.value.message
    assert words in error.value.message
    assert error.value.remedy


def test_a_field_inside_a_table_is_found_by_line(tmp_path):
    file = tmp_path / "x.toml"
    hint = "[[hints]]\nen = 'a'\nzh = '甲'\n"
    file.write_text(hint + hint + "[[hints]]\nen = 'b'\nzh = 3\n", encoding="utf-8")
    with pytest.raises(DlkataError) as error:
        read_solution(file)
    assert "x.toml:9: field `hints[2].zh`" in error.value.message


def test_a_control_character_is_named_by_line(tmp_path):
    page(tmp_path, KATA.replace("English.", "Eng\x07lish."))
    with pytest.raises(DlkataError, match=r"x\.md:8: control character 0x07"):
        read_kata(tmp_path, "x")


@pytest.mark.parametrize(
    "broken",
    [KATA.replace("# zh: 标题", ""), KATA.replace("+++\n# en", "# en"), "no head\n# en: A\n# zh: B\n"],
)
def test_a_page_without_a_language_or_a_head_is_refused(tmp_path, broken):
    page(tmp_path, broken)
    with pytest.raises(DlkataError):
        read_kata(tmp_path, "x")


def test_a_second_section_of_a_language_is_refused(tmp_path):
    page(tmp_path, KATA + "# en: Again\n")
    with pytest.raises(DlkataError, match="second `# en`"):
        read_kata(tmp_path, "x")


def test_a_bug_is_an_edit_that_applies_exactly_once():
    bug = Bug(name="b", find="dim=-1", becomes="dim=0", en="e", zh="中")
    assert bug.apply("f(dim=-1)") == "f(dim=0)"
    for source in ("f()", "f(dim=-1, dim=-1)"):
        with pytest.raises(DlkataError, match="occurs"):
            bug.apply(source)


def test_a_bug_may_have_further_spellings(tmp_path):
    file = tmp_path / "x.toml"
    file.write_text(
        """hints = []
[[bugs]]
name = 'b'
find = 'dim=-1'
becomes = 'dim=0'
also = [
    { find = 'dim=-1', becomes = 'dim=1' },
    { edits = [{ find = 'f', becomes = 'g' }, { find = '-1', becomes = '2' }] },
]
en = 'e'
zh = '中'
""",
        encoding="utf-8",
    )
    [bug] = read_solution(file).bugs
    assert bug.apply("f(dim=-1)") == "f(dim=0)"
    assert bug.variants("f(dim=-1)") == ["f(dim=0)", "f(dim=1)", "g(dim=2)"]
    with pytest.raises(DlkataError, match="`b`: `f` occurs 2 times"):
        bug.variants("f(f(dim=-1))")


def test_each_spelling_of_a_bug_is_inspected(tmp_path):
    write_skeleton("x", "mlp", Library(), tmp_path)
    library = Library([tmp_path])
    kata = library.kata(f"{tmp_path.name}/x")
    for file in (kata.page_file, kata.reference_file, kata.solution_file):
        file.write_text(file.read_text(encoding="utf-8").replace("TODO", "Done"), encoding="utf-8")
    suite = kata.suite_file.read_text(encoding="utf-8").replace("TODO", "Done")
    kata.suite_file.write_text(suite, encoding="utf-8")
    spellings = (
        "{ find = 'nowhere' }, { find = 'return x', becomes = 'return (' }, { find = 'x', becomes = 'y' }"
    )
    same = "{ find = 'return x', becomes = 'return -x' }, { becomes = 'x' }"
    with kata.solution_file.open("a", encoding="utf-8") as toml:
        toml.write(f"also = [{spellings}, {same}]\n")
    said = "\n".join(inspect(kata, library))
    assert "`nowhere` occurs 0 times" in said and "does not parse" in said and "`x` occurs" in said
    assert "two spellings are the same" in said and "edits nothing" in said


def test_toml_is_held_to_its_fields(tmp_path):
    with pytest.raises(DlkataError, match="field"):
        decode_toml("level = 1", KataHead, tmp_path / "x.md")
