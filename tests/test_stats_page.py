"""The page of `stats --html`: it asks for nothing, and its charts show in a browser, light and dark."""

import re
import shutil
import struct
import subprocess
import threading
import zlib
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dlkata.content.library import Library
from dlkata.locale import use_language
from dlkata.progress.answers import Answer, Answers, Outcome
from dlkata.progress.record import open_record
from dlkata.study.mastery import mastery
from dlkata.study.scheduler import advance
from dlkata.study.statistics import statistics
from dlkata.ui.stats_page import stats_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = NOON.date().toordinal()
COLOURS = {"light": {"known": 0x1F8A4C, "plain": 0x2477A8, "page": 0xFFFFFF}, "dark": {"known": 0x3FBF75, "plain": 0x58AEE0, "page": 0x14181C}}  # fmt: skip
SCHEMES = {"dark": 0, "light": 1}  # as Chromium numbers them


@pytest.fixture(scope="module")
def library():
    return Library()


@pytest.fixture
def stats(tmp_path, library):
    """A topic known, a concept with formulas to repair."""
    record = open_record(tmp_path / "record.db")
    record.connection.execute("PRAGMA synchronous = OFF")
    answers = Answers(record)

    def answer(name, right, back):
        content = library.question(name).content
        told = Answer(name, Outcome.RIGHT if right else Outcome.WRONG, DAY - back, rating=3 if right else 1,
                      seconds=200, content=content, detail={"chosen": [0 if right else 1], "kind": "choice"})  # fmt: skip
        answers.add(told, NOON - timedelta(days=back), advance)

    ids = [name for e in library.index.concepts.values() if e.topic == "norm" for name in e.ids()]
    for back in (12, 10, 1):
        for name in ids[:20] if back == 1 else ids:
            answer(name, True, back)
    for name in library.index.concepts["sqrt_dk"].ids():
        answer(name, False, 3)
    return statistics(mastery(library, record, DAY), record, {"adam"}, set())


def page(stats, library):
    return stats_page(stats, [library.concept(row.entry.name) for row in stats.weakest])


class Tags(HTMLParser):
    """Whether each tag is closed, and what could ask for something."""

    EMPTY = ("meta", "link", "br", "mspace")

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.asks: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)
        self.asks += [value for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_whole_and_asks_for_nothing(stats, library, language):
    use_language(language)
    made, tags = page(stats, library), Tags()
    tags.feed(made)
    assert tags.open == [] and tags.asks == ["data:,"]
    assert "default-src 'none'" in made and "url(" not in made and "@import" not in made
    assert not re.search(r"https?://", made) and "script" not in tags.seen
    assert made.count("<svg") == 4 and made.count("<math") >= 1 and {"details", "table"} <= tags.seen
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in made
    assert ("What you know" in made) == (language == "en") and ("学会了什么" in made) == (language == "zh")


def test_the_command_writes_it_once(dlkata, tmp_path):
    file = tmp_path / "progress.html"
    assert str(file) in dlkata("stats", "--html", str(file)).out and file.read_text("utf-8").endswith(
        "</html>\n"
    )
    assert "--force" in dlkata("stats", "--html", str(file)).err
    assert dlkata("stats", "--html", str(file), "--force", "--json").code == 0
    assert "is not a folder" in dlkata("stats", "--html", str(tmp_path / "none" / "x.html")).err
    assert dlkata("stats", "norm", "--html", str(file)).code == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["progress.html"]  # nothing half-written is left


@pytest.fixture
def served(stats, library):
    """The page under an address, and what was asked for there."""
    asked, body = [], page(stats, library).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_its_charts_show_in_a_browser(served, tmp_path, scheme):
    address, asked = served
    picture = tmp_path / "page.png"
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
         "--force-color-profile=srgb", f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
         "--window-size=900,2400", f"--screenshot={picture}", address],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert asked == ["/"]
    rows = pixels(picture.read_bytes())
    counts = {name: sum(row.count(colour) for row in rows) for name, colour in COLOURS[scheme].items()}
    assert counts["page"] > 900 * 1000, counts
    assert counts["known"] > 1500 and counts["plain"] > 1500, (
        counts
    )  # a bar of the topic, bars of what falls due


def pixels(png: bytes) -> list[list[int]]:
    """The rows of a PNG of eight bits a channel, each pixel as 0xRRGGBB."""
    place, packed, width, height, size = 8, b"", 0, 0, 3
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6)
            size = 3 if colour == 2 else 4
        packed += body if kind == b"IDAT" else b""
        place += 12 + length
    data, stride = zlib.decompress(packed), width * size
    above, rows = bytearray(stride), []
    for number in range(height):
        start = number * (stride + 1)
        row = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + stride]), above, size)
        rows.append([row[n] << 16 | row[n + 1] << 8 | row[n + 2] for n in range(0, stride, size)])
        above = row
    return rows


def _unfiltered(kind: int, row: bytearray, above: bytearray, size: int) -> bytearray:
    for n in range(len(row)):
        left, up, corner = row[n - size] if n >= size else 0, above[n], above[n - size] if n >= size else 0
        if kind == 1:
            row[n] = (row[n] + left) & 255
        elif kind == 2:
            row[n] = (row[n] + up) & 255
        elif kind == 3:
            row[n] = (row[n] + (left + up) // 2) & 255
        elif kind == 4:
            nearest = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            row[n] = (row[n] + nearest) & 255
    return row
