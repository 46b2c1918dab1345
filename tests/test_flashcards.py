"""Questions as Anki cards: all of them, known again when they are imported again, in the learner's language."""

import json
import re
import sqlite3
import warnings
from zipfile import ZipFile

import pytest
from bank import sample_library

from dlkata.cli.app import App
from dlkata.cli.flashcards import export_to_anki
from dlkata.content.library import Library
from dlkata.locale import use_language
from dlkata.ui.markup import inline, page, paragraph


def notes_of(file, folder):
    """(guid, fields, tags, deck) of each note, as they lie in the package."""
    with ZipFile(file) as package:
        package.extract("collection.anki2", folder)
    connection = sqlite3.connect(folder / "collection.anki2")
    try:
        decks = json.loads(connection.execute("SELECT decks FROM col").fetchone()[0])
        rows = connection.execute(
            "SELECT guid, flds, tags, did FROM notes JOIN cards ON cards.nid = notes.id ORDER BY due"
        )
        return [
            (guid, fields.split("\x1f"), tags.split(), decks[str(did)]["name"])
            for guid, fields, tags, did in rows
        ]
    finally:
        connection.close()


def app_with(library):
    """It reads nothing of the user's."""
    app = App()
    app.__dict__["library"] = library
    return app


@pytest.fixture
def app():
    return app_with(sample_library())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The whole bank, exported once."""
    folder = tmp_path_factory.mktemp("anki")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="genanki")  # it warns of what looks like broken HTML
        export_to_anki(app_with(Library()), folder / "all.apkg")
    return folder / "all.apkg"


def test_every_question_is_there_in_the_deck_of_its_topic(whole, tmp_path):
    library = Library()
    notes = notes_of(whole, tmp_path)
    wanted = {name: entry.topic for entry in library.index.concepts.values() for name in entry.ids()}
    titles = {topic.name: f"dlkata::{topic.title}" for topic in library.topics}
    assert {fields[0]: deck for _guid, fields, _tags, deck in notes} == {
        n: titles[t] for n, t in wanted.items()
    }
    assert len(notes) == len(wanted) == len({guid for guid, *_rest in notes})
    for _guid, fields, _tags, _deck in notes:
        assert all(fields) and "{{" not in "".join(fields), fields[0]
    learning_order = [entry.name for entry in library.readable_concepts]
    assert list(dict.fromkeys(fields[0].rpartition(".")[0] for _g, fields, _t, _d in notes)) == learning_order


def test_no_formula_is_left_as_latex(whole, tmp_path):
    text = "".join("".join(fields) for _guid, fields, *_rest in notes_of(whole, tmp_path))
    assert text.count("<math") > 300 and "$$" not in text
    assert not re.search(r"<m[iot]\w*>\\", text), "a macro was not understood"
    assert "http" not in re.sub(r'xmlns="[^"]*"|<code>.*?</code>', "", text), "nothing is fetched"


def test_anki_itself_finds_every_note(whole, tmp_path):
    collection = pytest.importorskip("anki.collection")
    opened = collection.Collection(str(tmp_path / "c.anki2"))
    try:
        for new in (True, False):
            request = collection.ImportAnkiPackageRequest(package_path=str(whole))
            log = opened.import_anki_package(request).log
            assert (len(log.new) > 1000) is new and len(log.conflicting) == 0
            assert opened.note_count() == opened.card_count() == len(notes_of(whole, tmp_path))
    finally:
        opened.close()


def test_what_was_imported_is_known_again_in_another_language(app, tmp_path):
    one, other = tmp_path / "one.apkg", tmp_path / "other.apkg"
    export_to_anki(app, one)
    english = notes_of(one, tmp_path)
    use_language("zh")
    export_to_anki(app, other)
    chinese = notes_of(other, tmp_path)
    assert [note[0] for note in english] == [note[0] for note in chinese]
    assert [note[1][1] for note in english] != [note[1][1] for note in chinese]
    use_language("en")
    export_to_anki(app, other)
    assert notes_of(other, tmp_path) == english, "options stand where they stood, numbers are the same"


def test_markup():
    assert page("A **b `x<y`** c\nd\n\n- *one*\n  more\n- two") == (
        "<p>A <b>b <code>x&lt;y</code></b> c d</p>\n<ul><li><i>one</i> more</li><li>two</li></ul>"
    )
    assert page("| a | b |\n| --- | --- |\n| 1 | 2 |") == (
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    )
    assert page("```python\nif a < b:\n    c\n```") == "<pre><code>if a &lt; b:\n    c</code></pre>"
    assert "<mfrac>" in page("$$\n\\frac{a}{b} < 1\n$$") and "&lt;" in page("$$\na < 1\n$$")
    assert paragraph("| x | is\nabsolute") == "| x | is absolute" and inline("<b>") == "&lt;b&gt;"


def test_without_genanki_it_says_what_to_install(dlkata, tmp_path, monkeypatch):
    monkeypatch.setattr("dlkata.cli.flashcards.NEEDED", ("genanki", "no_such_module"))
    from click.testing import CliRunner

    from dlkata.cli.main import cli

    told = CliRunner().invoke(cli, ["export", "--anki", str(tmp_path / "a.apkg")])
    assert told.exit_code == 2 and "no_such_module" in told.output and "dlkata[anki]" in told.output
    assert list(tmp_path.iterdir()) == []
