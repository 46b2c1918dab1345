"""What `export` and `import` work on."""

from typing import TYPE_CHECKING

from dlkata.cli.app import App, warn
from dlkata.progress.places import data_folder

if TYPE_CHECKING:
    from dlkata.study.moving import House


def house_of(app: App) -> "House":
    """Unlike other commands, these stop where there is no record."""
    from dlkata.progress.record import open_record
    from dlkata.study.moving import House

    record = open_record(data_folder() / "record.db")
    for message in record.messages:
        warn(message)
    return House(record, app.settings, app.workspace, data_folder() / "backups", app.library)
