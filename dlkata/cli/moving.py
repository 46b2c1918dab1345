"""What `export` and `import` work on, and the copy of the record that is made each day."""

from typing import TYPE_CHECKING

from dlkata.cli.app import App, now, warn
from dlkata.errors import DlkataError
from dlkata.locale import _
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


def back_up(app: App) -> None:
    from dlkata.progress.backups import back_up
    from dlkata.progress.day import date_of, study_day

    try:
        if app.record is not None and app.record.written:
            back_up(app.record, data_folder() / "backups", date_of(study_day(now(), app.pace.ends)))
    except (DlkataError, OSError) as error:
        warn(_("Your record could not be backed up: {reason}", reason=error))
