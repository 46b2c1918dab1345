"""Where the learner's things lie: attempts in the workspace, record and settings in the data folder."""

import os
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _


def data_folder() -> Path:
    """DLKATA_HOME, or the platform's folder for application data."""
    if chosen := os.environ.get("DLKATA_HOME"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    try:
        return platformdirs.user_data_path("dlkata")
    except RuntimeError:
        raise _no_home("DLKATA_HOME") from None


def cache_folder() -> Path | None:
    """What may be deleted at any time: DLKATA_HOME/cache, or the platform's folder for caches."""
    if chosen := os.environ.get("DLKATA_HOME"):
        return Path(chosen).expanduser().absolute() / "cache"
    import platformdirs

    try:
        return platformdirs.user_cache_path("dlkata")
    except RuntimeError:
        return None


def workspace(configured: str | None) -> Path:
    """DLKATA_WORKSPACE, or what the settings say, or ~/dlkata."""
    chosen = os.environ.get("DLKATA_WORKSPACE") or configured or "~/dlkata"
    try:
        return Path(chosen).expanduser().absolute()
    except RuntimeError:
        raise _no_home("DLKATA_WORKSPACE") from None


def _no_home(variable: str) -> DlkataError:
    return DlkataError(
        _("You have no home folder."), _("Set {variable} to a folder you may write to.", variable=variable)
    )
