"""Where the learner's things lie: attempts in the workspace, record and settings in the data folder."""

import os
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import _


def data_folder() -> Path:
    """DLKATA_HOME, or the platform's folder for application data."""
    if chosen := os.environ.get("DLKATA_HOME"):
        return _chosen("DLKATA_HOME", chosen)
    import platformdirs

    try:
        return platformdirs.user_data_path("dlkata")
    except RuntimeError:
        raise _no_home("DLKATA_HOME") from None


def cache_folder() -> Path | None:
    """What may be deleted at any time: DLKATA_HOME/cache, or the platform's folder for caches."""
    if chosen := os.environ.get("DLKATA_HOME"):
        return _chosen("DLKATA_HOME", chosen) / "cache"
    import platformdirs

    try:
        return platformdirs.user_cache_path("dlkata")
    except RuntimeError:
        return None


def workspace(configured: str | None) -> Path:
    """DLKATA_WORKSPACE, or what the settings say, or ~/dlkata."""
    chosen = os.environ.get("DLKATA_WORKSPACE") or configured or "~/dlkata"
    return _chosen("DLKATA_WORKSPACE", chosen)


def _chosen(variable: str, folder: str) -> Path:
    try:
        return Path(folder).expanduser().absolute()
    except RuntimeError:
        if folder.startswith(("~/", "~\\")) or folder == "~":
            raise _no_home(variable) from None
        raise DlkataError(
            _("{folder}: there is no such user.", folder=folder),
            _("Set {variable} to a folder you may write to.", variable=variable),
        ) from None


def _no_home(variable: str) -> DlkataError:
    return DlkataError(
        _("You have no home folder."), _("Set {variable} to a folder you may write to.", variable=variable)
    )
