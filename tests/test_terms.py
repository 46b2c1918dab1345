"""One Chinese word for one thing: the table in CONTRIBUTING.md, held against every page."""

import re
from pathlib import Path

import pytest

from dlkata.content.page import read_page

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("questions/*/*.md"), *ROOT.glob("katas/*.md"), *ROOT.glob("paths/*.md")])
CODE = re.compile(r"```.*?```|\$\$.*?\$\$|`[^`]*`", re.DOTALL)


def terms() -> dict[str, str]:
    """Pattern → the word to write."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("## Chinese words")[2].partition("\n## ")[0]
    found = {}
    for row in re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[2:]:
        _english, word, avoided = re.split(r" \| (?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)", row, maxsplit=2)
        found.update({pattern: word for pattern in re.findall(r"`([^`]+)`", avoided)})
    return found


TERMS = terms()


def test_the_table_is_read():
    assert len(TERMS) > 20 and TERMS["词元"] == "token"
    assert re.search(next(p for p in TERMS if "损失" in p), "训练损失下降")


@pytest.mark.parametrize("pattern", TERMS)
def test_one_word_for_one_thing(pattern):
    wrong = []
    for page in PAGES:
        for part in read_page(page).parts:
            if (section := part.sections.get("zh")) is None:
                continue
            text = CODE.sub("", f"{section.title}\n{section.body}")
            wrong += [
                f"{page.relative_to(ROOT)}: …{text[max(0, m.start() - 12) : m.end() + 8]!r}"
                for m in re.finditer(pattern, text)
            ]
    assert wrong == [], f"write {TERMS[pattern]}"
