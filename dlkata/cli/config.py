"""`dlkata config [KEY [VALUE]]`"""

import click
from click.shell_completion import CompletionItem

from dlkata.cli.app import App
from dlkata.cli.language import LocalCommand, option
from dlkata.cli.output import print_json
from dlkata.errors import DlkataError
from dlkata.locale import N_, _, language
from dlkata.progress.settings import KEYS, WARM_MINUTES


def complete_key(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(key, help=_(about.meaning))
        for key, about in KEYS.items()
        if key.startswith(incomplete)
    ]


@click.command(
    cls=LocalCommand,
    help=N_(
        """Show all settings, one setting, or change one.

        Keys: language (en, zh), workspace (a folder), device (auto, cpu, cuda, mps),
        sandbox (on, off), warm (minutes, off), day_ends (an hour), new_per_day, reviews_per_day (numbers),
        pager (on, off), editor (a command).
        """
    ),
)
@click.argument("key", required=False, shell_complete=complete_key)
@click.argument("value", required=False)
@option("--unset", is_flag=True, help=N_("Go back to the default."))
@option("--json", "as_json", is_flag=True, help=N_("Print one JSON object."))
@click.pass_obj
def command(app: App, key: str | None, value: str | None, unset: bool, as_json: bool) -> None:
    if key is not None and key not in KEYS:
        raise DlkataError(
            _("There is no setting `{key}`.", key=key), _("Settings: {names}.", names=", ".join(KEYS))
        )
    if key is None and unset:
        raise click.UsageError(_("Name the setting to unset."))
    if key is not None and unset:
        app.settings.unset(key)
    elif key is not None and value is not None:
        app.settings.set(key, value)
    values = current(app)
    if as_json:
        print_json(values if key is None else {key: values[key]})
    elif key is None:
        for name, text in values.items():
            click.echo(f"{name} = {text or ''}".rstrip() + f"    # {_(KEYS[name].meaning)}")
    else:
        click.echo(values[key] or "")


def current(app: App) -> dict[str, str | None]:
    """Every setting as it takes effect now."""
    import os

    from dlkata.progress.day import DAY_ENDS
    from dlkata.study.selection import NEW_PER_DAY, REVIEWS_PER_DAY

    defaults = {
        "language": language(),
        "workspace": str(app.workspace.folder),
        "device": "cpu",
        "sandbox": "off",
        "warm": str(WARM_MINUTES),
        "day_ends": str(DAY_ENDS),
        "new_per_day": str(NEW_PER_DAY),
        "reviews_per_day": str(REVIEWS_PER_DAY),
        "pager": "on",
        "editor": os.environ.get("VISUAL") or os.environ.get("EDITOR"),
    }
    return {key: app.settings.get(key) or defaults[key] for key in KEYS} | {
        "workspace": str(app.workspace.folder)
    }
