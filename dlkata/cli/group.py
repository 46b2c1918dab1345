"""Groups that import a command's module only when it is run."""

from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from dlkata.cli.language import LocalCommand, choose_language
from dlkata.errors import DlkataError
from dlkata.locale import _
from dlkata.texts import as_text


class ShownError(click.ClickException):
    """A DlkataError as click shows it: what is wrong, then what to do."""

    def __init__(self, error: DlkataError):
        super().__init__(error.message)
        self.remedy = as_text(error.remedy)  # it may quote what was typed, as the message does
        self.exit_code = error.exit_code  # type: ignore[misc]  # click declares a class variable, and means this

    def show(self, file: Any = None) -> None:
        click.echo(_("Error: {message}", message=self.message), err=True)
        if self.remedy:
            click.echo("  " + self.remedy.replace("\n", "\n  "), err=True)


class LazyGroup(LocalCommand, click.Group):
    """`commands` are (module, English one-line help) by name; the module's `command` is imported on use."""

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.lazy:
            return None
        return import_module(self.lazy[name][0]).command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.lazy and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.lazy, n=1)
            hint = (
                _("Did you mean {names}?", names=near[0])
                if near
                else _("`dlkata --help` lists the commands.")
            )
            raise click.UsageError(_("No such command {name!r}.", name=args[0]) + " " + hint, ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, _(sentence)) for name, (_module, sentence) in self.lazy.items()]
        with formatter.section(_("Commands")):
            formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=_(sentence))
            for name, (_module, sentence) in self.lazy.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> click.Context:
        if parent is None:
            choose_language(args)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DlkataError as error:
            raise ShownError(error) from error
