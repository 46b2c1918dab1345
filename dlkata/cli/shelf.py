"""What can be done with the list of everything, whoever shows it: find, bookmark, note, read."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from dlkata.cli.app import App, now
from dlkata.content.kata import Kata
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.progress.remarks import Remark, Remarks
from dlkata.study.catalogue import Catalogue, Entry, Sort, catalogue, things_renamed

if TYPE_CHECKING:
    from rich.text import Text

Pages = Callable[[int], list["Text"]]  # lines for a width


class Shelf:
    def __init__(self, app: App):
        self.app = app
        self.topics = {topic.name: topic.title for topic in app.library.topics}

    @cached_property
    def catalogue(self) -> Catalogue:
        app = self.app
        remarks = Remarks(app.record).all(things_renamed(app.library)) if app.record is not None else {}
        return catalogue(app.library, app.standing, app.mastery(), remarks, app.library.cache)

    # -- bookmarks and notes

    def toggle(self, entry: Entry) -> bool:
        """Bookmarks it, or no longer; which of the two."""
        remark = self.catalogue.remark(entry)
        self._remarks().bookmark(entry.key, not remark.bookmarked, now())
        self.catalogue.remarks[entry.key] = Remark(not remark.bookmarked, remark.note)
        return not remark.bookmarked

    def note(self, entry: Entry, text: str) -> None:
        """Puts a note in the place of the one before; an empty one takes it away."""
        kept = self._remarks().note(entry.key, text, now())
        self.catalogue.remarks[entry.key] = Remark(self.catalogue.remark(entry).bookmarked, kept)

    def _remarks(self) -> Remarks:
        if self.app.record is None:
            raise DlkataError(
                _("There is no record to keep it in."), _("`dlkata doctor` says what is wrong with it.")
            )
        return Remarks(self.app.record)

    # -- reading

    def page(self, entry: Entry) -> Pages:
        """The note, then the statement, the explanation, what the question asks; read once, laid out for any width."""
        from dlkata.ui.opened import noted

        page, note = self._page(entry), self.catalogue.remark(entry).note
        return (lambda width: [*noted(note, width), *page(width)]) if note else page

    def _page(self, entry: Entry) -> Pages:
        from dlkata.ui.opened import concept_page, kata_page, question_page

        library, run = self.app.library, self.app.run
        if entry.sort is Sort.KATA:
            kata = library.kata(entry.name)
            return lambda width: kata_page(kata, run, width)
        if entry.sort is Sort.CONCEPT:
            concept = library.concept(entry.name)
            practised = concept.head.kata.replace("_", "-") if concept.head.kata in library.kata_names else ""
            return lambda width: concept_page(concept, practised, run, width)
        if entry.sort is Sort.PATH:
            from dlkata.study.along import along
            from dlkata.ui.path import path

            reached = along(library.path(entry.name), library, self.app.standing, self.app.mastery())
            return lambda width: path(reached, run, width)
        question = library.question(entry.name)
        assert question is not None, "the catalogue holds what the index holds"
        return lambda width: question_page(question, run, width)

    def has_answer(self, entry: Entry) -> bool:
        return entry.sort in (Sort.KATA, Sort.QUESTION)

    def spoils(self, entry: Entry) -> bool:
        """Whether its answer is a solution that was not earned yet."""
        return entry.sort is Sort.KATA and not self._passed(self.app.library.kata(entry.name))

    def answer(self, entry: Entry) -> Pages:
        """The reference, or the question's options with what is said about each. A look at a reference is kept."""
        from dlkata.progress.record import Kind
        from dlkata.ui.opened import answer_page
        from dlkata.ui.solution import solution

        library = self.app.library
        if entry.sort is Sort.KATA:
            kata = library.kata(entry.name)
            self.app.remember(Kind.SOLUTION, kata, solved=self._passed(kata), diff=False)
            return lambda width: solution(kata, width, fitted=True)
        question = library.question(entry.name)
        assert question is not None, "the catalogue holds what the index holds"
        return lambda width: answer_page(question, width)

    def _passed(self, kata: Kata) -> bool:
        return kata.name in self.app.standing.passed

    def command(self, entry: Entry) -> list[str]:
        """What practises it, as it is typed after `dlkata`."""
        if entry.sort is Sort.KATA:
            return ["kata", entry.typed]
        if entry.sort is Sort.PATH:
            return ["path", entry.typed]
        concept = entry.name.rpartition(".")[0] if entry.sort is Sort.QUESTION else entry.name
        return ["quiz", "--concept", concept.replace("_", "-")]
