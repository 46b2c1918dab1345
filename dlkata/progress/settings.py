"""The learner's settings: a small TOML file in the data folder."""

import os
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dlkata.errors import DlkataError
from dlkata.locale import LANGUAGES, N_, _

SWITCH = ("on", "off")
WARM_MINUTES = 15
DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Key:
    meaning: str
    accepts: Callable[[str], bool]
    allowed: str
    moves: bool = False  # to another machine; what names a folder, a command or a device of this one stays


KEYS = {
    "language": Key(N_("language of the screen"), lambda v: v in LANGUAGES, "en, zh", moves=True),
    "workspace": Key(N_("folder of your attempts"), lambda v: bool(v.strip()), N_("a folder")),
    "device": Key(N_("where attempts run"), lambda v: v in DEVICES, ", ".join(DEVICES)),
    "sandbox": Key(
        N_("whether attempts are shut in by bubblewrap"), lambda v: v in SWITCH, ", ".join(SWITCH)
    ),
    "warm": Key(
        N_("idle minutes for which a grader stays warm after a check"),
        lambda v: v == "off" or (v.isdigit() and 0 < int(v) <= 1440),
        "1–1440, off",
        moves=True,
    ),
    "day_ends": Key(
        N_("hour at which the study day ends"), lambda v: v.isdigit() and int(v) < 24, "0–23", moves=True
    ),
    "new_per_day": Key(
        N_("new questions a day"), lambda v: v.isdigit() and int(v) < 1000, "0–999", moves=True
    ),
    "reviews_per_day": Key(
        N_("questions that come back, a day at most"),
        lambda v: v.isdigit() and 0 < int(v) < 10000,
        "1–9999",
        moves=True,
    ),
    "pager": Key(
        N_("whether long text is read page by page in a terminal"), lambda v: v in SWITCH, ", ".join(SWITCH)
    ),
    "editor": Key(N_("command that opens an attempt"), lambda v: bool(v.strip()), N_("a command")),
}


@dataclass
class Settings:
    file: Path
    values: dict[str, str] = field(default_factory=dict)
    packs: list[str] = field(default_factory=list)  # folders the learner has agreed to run

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def set(self, key: str, value: str) -> None:
        if not KEYS[key].accepts(value):
            raise DlkataError(
                _("`{value}` is no {key}.", value=value, key=key),
                _("Allowed: {allowed}.", allowed=_(KEYS[key].allowed)),
            )
        self.values[key] = value
        self.save()

    def unset(self, key: str) -> None:
        if self.values.pop(key, None) is not None:
            self.save()

    def trust(self, pack: str) -> None:
        self.packs.append(pack)
        self.save()

    def moving(self) -> str:
        """What goes along to another machine, as a settings file."""
        return _as_toml({key: value for key, value in self.values.items() if KEYS[key].moves})

    def adopt(self, text: str) -> dict[str, str]:
        """Takes over from another machine's settings what moves and is not set here; what that was."""
        try:
            data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            data = {}
        taken = {
            key: value
            for key, value in data.items()
            if key in KEYS and KEYS[key].moves and key not in self.values
            if isinstance(value, str) and KEYS[key].accepts(value)
        }
        if taken:
            self.values |= taken
            self.save()
        return taken

    def save(self) -> None:
        packs = f"packs = [{', '.join(map(_quoted, self.packs))}]\n" if self.packs else ""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # Written beside and renamed, so that a kill leaves the old settings or the new ones.
            handle, beside = tempfile.mkstemp(dir=self.file.parent, prefix=".config")
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(_as_toml(self.values) + packs)
            os.replace(beside, self.file)
        except OSError as error:
            raise DlkataError(
                _(
                    "The settings could not be saved in {file}: {reason}.",
                    file=self.file,
                    reason=error.strerror,
                ),
                _("Set DLKATA_HOME to a folder you may write to."),
            ) from None


def load_settings(folder: Path) -> Settings:
    file = folder / "config.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return Settings(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DlkataError(
            _("{file} cannot be read: {reason}.", file=file, reason=error),
            _("Correct it, or delete it to start with the defaults."),
        ) from None
    values = {key: value for key, value in data.items() if key in KEYS and isinstance(value, str)}
    for key, value in values.items():
        if not KEYS[key].accepts(value):
            raise DlkataError(
                _("{file}: `{value}` is no {key}.", file=file, value=value, key=key),
                _("Allowed: {allowed}.", allowed=_(KEYS[key].allowed)),
            )
    return Settings(file, values, [str(pack) for pack in data.get("packs", [])])


def _as_toml(values: dict[str, str]) -> str:
    return "".join(f"{key} = {_quoted(value)}\n" for key, value in sorted(values.items()))


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
