"""What moves house arrives as it left, or not at all."""

import io
import os
import sqlite3
import stat
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from machines import START, Machine, furnished

from dlkata.errors import DlkataError
from dlkata.progress.archive import DIGITS, MARK
from dlkata.progress.migrations import MIGRATIONS


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path / "home")


@pytest.fixture
def office(tmp_path):
    return Machine(tmp_path / "office", START)


def untouched(machine):
    """What a refused import must leave alone: the record, the attempts, the settings, the folder."""
    files = sorted(str(f) for f in machine.folder.rglob("*") if not f.name.endswith(("-wal", "-shm")))
    return machine.everything(), machine.attempts(), machine.settings.values, files


def refused(machine, file, match):
    before = untouched(machine)
    with pytest.raises(DlkataError, match=match) as caught:
        machine.take(file)
    assert "othing" in caught.value.remedy or "does not exist" in match or "folder" in match, caught.value
    assert "\n" not in caught.value.message
    assert untouched(machine) == before


def sealed(content: bytes) -> bytes:
    """With the checksum of its own: made by someone who knows how."""
    assert content[-DIGITS - len(MARK) : -DIGITS] == MARK
    return content[:-DIGITS] + sha256(content[:-DIGITS]).hexdigest().encode()


def packed_anew(file: Path, change) -> Path:
    """The archive with other entries: `change` gets them by name, as bytes or (ZipInfo, bytes), and may do anything."""
    with ZipFile(file) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    change(entries)
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(*(content if isinstance(content, tuple) else (name, content)))
        archive.comment = MARK + b"0" * DIGITS
    target = file.with_name("anew.zip")
    target.write_bytes(sealed(out.getvalue()))
    return target


def test_the_archive_can_be_packed_anew_and_still_be_ours(home, office):
    """So that the refusals below are for what was changed, not for how the tests pack."""
    office.take(packed_anew(home.export(), lambda entries: None))
    assert office.everything() == home.everything()


def test_a_changed_byte_anywhere_is_noticed(home, office):
    file = home.export()
    whole = file.read_bytes()
    before = untouched(office)
    for place in [*range(0, len(whole), 97), len(whole) - 1]:
        changed = bytearray(whole)
        changed[place] ^= 1
        file.write_bytes(changed)
        with pytest.raises(DlkataError):
            office.take(file)
    assert untouched(office) == before


@pytest.mark.parametrize("kept", [0, 1, 20, 500, -200, -1])
def test_what_was_cut_short_is_refused(home, office, kept):
    file = home.export()
    file.write_bytes(file.read_bytes()[:kept])
    refused(office, file, "not whole" if kept not in (0, 1, 20) else "no export")


def test_what_is_no_export_is_refused(office, tmp_path):
    foreign = tmp_path / "photos.zip"
    with ZipFile(foreign, "w") as archive:
        archive.writestr("cat.jpg", b"\xff\xd8")
    refused(office, foreign, "no export of dlkata")
    foreign.write_text("hello", encoding="utf-8")
    refused(office, foreign, "no export of dlkata")
    refused(office, tmp_path / "nowhere.zip", "does not exist")
    refused(office, tmp_path, "is a folder")


def link(name):
    entry = ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry, b"/etc/passwd"


def renamed(name, method=ZIP_DEFLATED):
    entry = ZipInfo(name)
    entry.compress_type = method
    return entry, b"x = 1\n"


@pytest.mark.parametrize(
    "entry",
    [
        renamed("attempts/../../escaped.py"), renamed("../escaped.py"), renamed("/tmp/escaped.py"),
        renamed("attempts/a/b/c.py"), renamed("attempts/..py"), renamed("attempts/.hidden.py"), renamed("attempts/a\\b.py"),
        renamed("attempts/C:evil.py"), renamed("attempts/x.sh"), renamed("attempts/sub/"), renamed("surprise.txt"),
        renamed("attempts/a.0.py"), link("attempts/adam.py"), renamed("attempts/adam.py", ZIP_BZIP2), renamed("attempts/a\n.py"),
        (ZipInfo("attempts/big.py"), b"x" * (1 << 21)),
    ],
    ids=lambda entry: repr(entry[0].filename),
)  # fmt: skip
def test_what_would_leave_its_folder_is_refused(home, office, entry, tmp_path):
    refused(office, packed_anew(home.export(), lambda entries: entries.update(evil=entry)), "no export")
    assert not list(tmp_path.rglob("*escaped*"))


def test_bombs_are_refused_unopened(home, office):
    entry = ZipInfo("record.db")
    entry.compress_type = ZIP_DEFLATED
    bomb = entry, b"\0" * (30 << 20)
    refused(office, packed_anew(home.export(), lambda e: e.update({"record.db": bomb})), "no export")


@pytest.mark.parametrize("missing", ["record.db", "config.toml", "dlkata.json"])
def test_what_lacks_a_part_is_refused(home, office, missing):
    refused(office, packed_anew(home.export(), lambda entries: entries.pop(missing)), "no export")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b'{"format": 2, "dlkata": "9.0", "at": ""}', "newer dlkata"),
        (b"[]", "no export"), (b'{"format": "1", "dlkata": "", "at": ""}', "no export"), (b"{" * 5000, "no export"),
        (b'{"format": 1, "dlkata": "", "at": "", "changed": {"layernorm.py": 1e300}}', "no export"),
    ],
)  # fmt: skip
def test_manifests_that_say_something_else(home, office, text, match):
    refused(office, packed_anew(home.export(), lambda e: e.update({"dlkata.json": text})), match)


def with_record(home, tmp_path, *statements):
    copy = tmp_path / "changed.db"
    with ZipFile(home.export()) as archive:
        copy.write_bytes(archive.read("record.db"))
    connection = sqlite3.connect(copy)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return packed_anew(home.folder / "export.zip", lambda e: e.update({"record.db": copy.read_bytes()}))


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        (f"PRAGMA user_version = {len(MIGRATIONS) + 1}", "newer dlkata"),
        ("PRAGMA user_version = 1", "tables are not"),
        ("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END", "tables are not"),
        ("CREATE VIEW v AS SELECT 1", "tables are not"),
        ("DROP TABLE cards", "tables are not"),
        ("UPDATE events SET kind = 'levitated'", "kind cannot be `levitated`"),
        ("UPDATE events SET at = 'yesterday'", "at cannot be"),
        ("UPDATE events SET at = '2026-02-31T00:00:00.000+00:00'", "at cannot be"),
        ("UPDATE events SET detail = '[]'", "detail cannot be"),
        ("UPDATE events SET detail = 'nonsense'", "detail cannot be"),
        ("UPDATE events SET utc_offset = 9999", "utc_offset cannot be"),
        ("UPDATE answers SET day = 0", "day cannot be"),
        ("UPDATE answers SET day = 'x'", "day cannot be"),
        ("UPDATE answers SET rating = 7", "rating cannot be"),
        ("UPDATE answers SET outcome = 'maybe'", "outcome cannot be"),
        ("UPDATE answers SET seconds = 9e999", "seconds cannot be"),
        ("UPDATE answers SET undoes = 12345", "refers to one that is not there"),
        ("UPDATE sessions SET plan = '{}'", "plan cannot be"),
        ("UPDATE sources SET text = 'import os'", "not what its hash says"),
        ('UPDATE answers SET detail = \'{"chosen": ["x"]}\'', "a detail is not"),
        ("UPDATE events SET kind = 'hinted', detail = '{\"rung\": \"x\"}'", "a detail is not"),
        ("DELETE FROM sources", "refers to one that is not there"),
        ("UPDATE events SET kata = CAST(x'ff00fe' AS TEXT)", "damaged"),
    ],
)
def test_records_that_hold_something_else(home, office, tmp_path, statement, match):
    refused(office, with_record(home, tmp_path, statement), match)


def test_a_damaged_record_inside_is_refused(home, office):
    def spoil(entries):
        record = bytearray(entries["record.db"])
        record[4096:] = b"\xff" * (len(record) - 4096)
        entries["record.db"] = bytes(record)

    refused(office, packed_anew(home.export(), spoil), "damaged|tables are not")


def test_a_record_of_an_older_dlkata_is_brought_up_to_date(home, office, tmp_path):
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old, isolation_level=None)
    for statement in MIGRATIONS[0].split(";\n"):
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    row = ("2024-05-01T08:00:00.000+00:00", 480, "opened", "adam", "{}")
    connection.execute("INSERT INTO events (at, utc_offset, kind, kata, detail) VALUES (?, ?, ?, ?, ?)", row)
    connection.close()
    office.take(packed_anew(home.export(), lambda e: e.update({"record.db": old.read_bytes()})))
    assert office.record.last_kata()[0] == "adam"


def test_noise_is_refused_whatever_it_begins_with(office, tmp_path):
    noise = tmp_path / "noise"
    for start in (b"", b"PK\x03\x04", b"SQLite format 3\0", b"SQLite format 3\0\x10\0\1\1\0\x40\x20\x20"):
        noise.write_bytes(start + os.urandom(100_000))
        refused(office, noise, "no export|damaged|no record|newer")
