"""The file in which a learner's things move house: a zip that ends with its own checksum.

The checksum covers every byte before it, so a file that was cut short or changed anywhere is refused before anything
in it is looked at. Whoever can compute a checksum can still make a bad archive: names, sizes and kinds of its
entries are held to what `dlkata export` writes.
"""

import os
import re
import shutil
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec

from dlkata.errors import DlkataError
from dlkata.locale import _

FORMAT = 1
MARK = b"dlkata export, sha256 "
DIGITS = 64
MANIFEST, RECORD, SETTINGS, ATTEMPTS = "dlkata.json", "record.db", "config.toml", "attempts/"
ATTEMPT = re.compile(r"(?P<kata>(?:\w[\w. -]*/)?[a-z][a-z0-9_]*)(?:\.(?P<number>[1-9][0-9]{0,8}))?\.py")
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
LARGEST_ATTEMPT, LARGEST_RECORD, MOST_ATTEMPTS = MIB, 8 * GIB, 100_000
LATEST = 1 << 38  # seconds: no file system's clock goes beyond
DENSEST = 200  # bytes out of one: a record shrinks to a tenth, a bomb to a thousandth
BROKEN = (BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, struct.error, ValueError)


class Manifest(msgspec.Struct, frozen=True):
    format: int
    dlkata: str  # the version that wrote it
    at: str
    changed: dict[str, float] = {}  # when each attempt was last written


@dataclass(frozen=True)
class Unpacked:
    manifest: Manifest
    record: Path
    settings: str
    attempts: dict[str, bytes]


def pack(target: Path, manifest: Manifest, entries: Iterable[tuple[str, bytes | Path]]) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED) as out:
        out.writestr(MANIFEST, msgspec.json.encode(manifest))
        for name, content in entries:
            if isinstance(content, Path):
                out.write(content, name)
            else:
                out.writestr(name, content)
        out.comment = MARK + b"0" * DIGITS
    with open(target, "r+b") as whole:
        digest = _digest(whole)
        whole.seek(-DIGITS, os.SEEK_END)
        whole.write(digest)


def is_packed(file: Path) -> bool:
    """Whether it is, or once was, an archive of ours: its first entry has our manifest's name."""
    with open(file, "rb") as start:
        return start.read(30 + len(MANIFEST))[30:] == MANIFEST.encode()


def unpack(file: Path, folder: Path) -> Unpacked:
    """What an archive holds, its record written into the folder. Refuses what is not whole, or not ours."""
    with open(file, "rb") as whole:
        size = whole.seek(0, os.SEEK_END)
        if size < len(MARK) + DIGITS or not _ends_with_mark(whole):
            raise _refused(_("{file} is not whole: its end is missing.", file=file))
        whole.seek(-DIGITS, os.SEEK_END)
        if whole.read() != _digest(whole):
            raise _refused(_("{file} was changed since it was exported: its checksum is wrong.", file=file))
    try:
        with ZipFile(file) as archive:
            return _unpacked(archive, file, folder)
    except BROKEN as error:
        raise _no_export(file) from error
    except OSError as error:
        raise DlkataError(
            _("{file} cannot be unpacked: {reason}.", file=file, reason=error.strerror or error),
            _("Nothing was imported."),
        ) from error


def _unpacked(archive: ZipFile, file: Path, folder: Path) -> Unpacked:
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) < len(archive.infolist()) or not {MANIFEST, RECORD, SETTINGS} <= entries.keys():
        raise _no_export(file)
    if len(entries) > MOST_ATTEMPTS or sum(e.file_size for e in entries.values()) > LARGEST_RECORD:
        raise _no_export(file)
    for entry in entries.values():
        if not _is_ours(entry):
            raise _no_export(file)
    manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    if manifest.format > FORMAT:
        raise DlkataError(
            _("{file} was written by a newer dlkata.", file=file),
            _("Update dlkata, then import it. Nothing was imported."),
        )
    if entries[RECORD].file_size > shutil.disk_usage(folder).free:
        raise DlkataError(
            _("{file} cannot be unpacked: {reason}.", file=file, reason=_("the disk is full")),
            _("Nothing was imported."),
        )
    if not all(0 <= time < LATEST for time in manifest.changed.values()):  # NaN is refused too
        raise _no_export(file)
    record = folder / RECORD
    with archive.open(RECORD) as packed, open(record, "wb") as out:
        shutil.copyfileobj(packed, out)
    settings = archive.read(SETTINGS).decode("utf-8")
    attempts = {
        name.removeprefix(ATTEMPTS): archive.read(name) for name in entries if name.startswith(ATTEMPTS)
    }
    return Unpacked(manifest, record, settings, attempts)


def _is_ours(entry: ZipInfo) -> bool:
    """Whether an entry could have been written by `pack`: no path that leaves its folder, no link, no bomb."""
    mode = entry.external_attr >> 16
    if entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return False
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return False
    if entry.file_size > MIB and entry.file_size > DENSEST * entry.compress_size:
        return False
    if entry.filename in (MANIFEST, SETTINGS):
        return entry.file_size <= 16 * MIB
    if entry.filename == RECORD:
        return True
    name = entry.filename.removeprefix(ATTEMPTS)
    return name != entry.filename and bool(ATTEMPT.fullmatch(name)) and entry.file_size <= LARGEST_ATTEMPT


def _ends_with_mark(whole: BinaryIO) -> bool:
    whole.seek(-DIGITS - len(MARK), os.SEEK_END)
    return whole.read(len(MARK)) == MARK


def _digest(whole: BinaryIO) -> bytes:
    """Of all but the digits at its end."""
    digest = sha256()
    for chunk in _chunks(whole, whole.seek(0, os.SEEK_END) - DIGITS):
        digest.update(chunk)
    return digest.hexdigest().encode()


def _chunks(whole: BinaryIO, size: int) -> Iterator[bytes]:
    whole.seek(0)
    while size > 0 and (chunk := whole.read(min(size, MIB))):
        size -= len(chunk)
        yield chunk


def _no_export(file: Path) -> DlkataError:
    return _refused(_("{file} is no export of dlkata.", file=file))


def _refused(sentence: str) -> DlkataError:
    return DlkataError(
        sentence, _("Take one that `dlkata export` wrote, copied whole. Nothing was imported.")
    )
