"""Help and errors in the learner's language: click's own sentences too."""

import os
from collections.abc import Sequence
from typing import Any

import click

from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, N_, _, language, language_of_locale, use_language


def choose_language(arguments: Sequence[str]) -> None:
    """--lang, wherever it stands; else the settings; else the locale. Done before anything is parsed,
    so that a usage error is in the right language too."""
    chosen = asked_for(arguments)
    if chosen not in LANGUAGES:
        chosen = configured_language() or language_of_locale(os.environ)
    use_language(chosen)
    speak_click()


def asked_for(arguments: Sequence[str]) -> str | None:
    for position, argument in enumerate(arguments):
        if argument == "--":
            return None
        if argument == "--lang" and position + 1 < len(arguments):
            return arguments[position + 1]
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
    return None


def configured_language() -> str | None:
    from dlkata.progress.places import data_folder
    from dlkata.progress.settings import load_settings

    try:
        return load_settings(data_folder()).get("language")
    except DlkataError:
        return None  # whoever needs the settings will say what is wrong with them


def speak_click() -> None:
    """click marks its sentences for gettext, whose compiled catalogues we would have to build and find;
    handing its modules our own look-up does the same."""
    import click.core
    import click.decorators
    import click.exceptions
    import click.formatting
    import click.parser
    import click.termui
    import click.types

    modules: list[Any] = [
        click.core, click.decorators, click.exceptions, click.formatting, click.parser, click.termui, click.types
    ]  # fmt: skip
    for module in modules:
        if hasattr(module, "_"):
            module._ = _
        if hasattr(module, "ngettext"):
            module.ngettext = lambda one, many, count: _(one if count == 1 else many)
    click.formatting.wrap_text = _wrap_text


def _wrap_text(
    text: str, width: int = 78, initial_indent: str = "", subsequent_indent: str = "", preserve_paragraphs: bool = False
) -> str:  # fmt: skip
    if language() == "zh":
        from dlkata.cli.paragraphs import is_wide, wrap_text

        if is_wide(text):
            return wrap_text(text, width, initial_indent, subsequent_indent, paragraphs=preserve_paragraphs)
    return click.wrap_text(text, width, initial_indent, subsequent_indent, preserve_paragraphs)


class LocalOption(click.Option):
    """An option whose help is translated when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        english = self.help
        self.help = _(english) if english else english
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = english


class LocalCommand(click.Command):
    """A command whose help is translated when it is shown, with -h and --lang everywhere."""

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("context_settings", {}).setdefault("help_option_names", ["-h", "--help"])
        super().__init__(*args, **kwargs)
        self.params.append(language_option())

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        english = self.help
        self.help = _(english) if english else english
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = english


def language_option() -> LocalOption:
    return LocalOption(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        expose_value=False,
        is_eager=True,
        callback=_switch,
        help=N_("Language of the screen."),
    )


def _switch(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        use_language(value)


def option(*names: str, **settings: Any) -> Any:
    return click.option(*names, cls=LocalOption, **settings)
