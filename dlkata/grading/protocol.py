"""What the CLI, the supervisor and the worker say to each other: typed messages in length-prefixed frames."""

from enum import StrEnum

import msgspec

from dlkata.grading.placing import Place
from dlkata.suite.finding import Finding

MOST_TIMEOUTS = 2  # tests that did not end; after these no other is run


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"  # a value or a property is wrong
    RAISED = "raised"  # the attempt raised
    UNFINISHED = "unfinished"  # it raised NotImplementedError
    BANNED = "banned"  # it called what the statement forbids
    TAMPERED = "tampered"  # it laid hands on the grader
    TIMEOUT = "timeout"
    CRASHED = "crashed"  # its process ended
    NOT_RUN = "not run"


class Message(msgspec.Struct, tag=True, omit_defaults=True):
    """Every message names its type, so that a frame decodes to the right class."""


# ---------------------------------------------------------------- CLI → supervisor


class Check(Message, kw_only=True):
    """Grade this source as an attempt at a kata."""

    root: str  # of the content
    stem: str
    attempt: str  # path, for tracebacks; the file itself is not read again
    source: str
    device: str = "cpu"
    training: bool = True
    fail_fast: bool = False
    confirm: bool = True  # a pass, with other numbers
    repeated: bool = False  # likely: by a learner at work on a kata
    diagnose: bool = True
    locate: bool = True  # where it goes wrong
    prove: bool = False  # in place of an attempt, known bugs are graded and diagnosed, all in one worker:
    labels: list[str] = []  # these spellings, or all there are
    alarms: bool = False  # in place of an attempt, the reference draws from many streams
    sources: list[str] = []  # in place of one attempt, many: each gets a Fate, under all of the seeds
    seeds: list[int] = []
    seed: int = 0
    known: dict[
        str, list["Done"]
    ] = {}  # how the known bugs ended under this seed, by label, if they were proved
    private: list[str] = []  # folders an attempt has no business in: the record, above all


class Ping(Message):
    """Are you there, and which dlkata are you?"""


# ---------------------------------------------------------------- supervisor → CLI


class Frame(msgspec.Struct, omit_defaults=True):
    line: int
    function: str
    code: str
    file: str = ""  # only where it is not the attempt's


class Raised(msgspec.Struct, omit_defaults=True):
    type: str
    text: str
    frames: list[Frame] = []  # the attempt's own lines, outermost first


class Banned(msgspec.Struct, frozen=True):
    call: str
    line: int


class Default(msgspec.Struct, frozen=True):
    """A parameter that has another default than the stub's."""

    name: str
    line: int
    mine: str
    asked: str


class Tampering(msgspec.Struct, frozen=True, omit_defaults=True):
    kind: str  # see ui/verdict.py
    what: str = ""
    line: int = 0


class Sentence(msgspec.Struct, frozen=True):
    en: str
    zh: str


class Result(Message, omit_defaults=True):
    """How one test went."""

    name: str
    sentence: Sentence
    outcome: Outcome
    seconds: float = 0.0
    finding: Finding | None = None
    raised: Raised | None = None
    reason: str = ""  # of a crash: "SIGSEGV", "exit 0", "pipe"
    output: str = ""
    output_cut: int = 0  # lines that were dropped
    confirming: bool = False  # it passed with the first numbers and failed with the second ones


class Problem(Message, kw_only=True):
    """Why the attempt could not be graded at all."""

    kind: str  # syntax · import · raised · exit · timeout · crashed · missing · signature · not_own · stub · device · suite · unreadable
    text: str = ""
    line: int = 0
    column: int = 0
    code: str = ""
    names: list[str] = []
    raised: Raised | None = None
    output: str = ""
    output_cut: int = 0


class Plan(Message):
    """The tests that will run."""

    tests: list[tuple[str, Sentence]]
    device: str


class TestStarted(Message):
    name: str


class Confirming(Message):
    """Every test passed; what remains is to compute the same with other numbers, where the answers are not."""


class Verdict(Message, kw_only=True):
    """The end of every grading. Without it nothing counts as graded."""

    passed: bool
    bugs: list[str] = []  # the diagnosis
    cut_off: bool = False  # it was not finished within its limit
    place: Place | None = None
    defaults: list[Default] = []
    banned: list[Banned] = []
    tampered: list[Tampering] = []


class Named(Message):
    """How one spelling of a known bug fared."""

    label: str
    bug: str
    failed: list[str]  # quick tests
    bugs: list[str]  # the diagnosis
    endings: list["Done"]  # of the quick tests: what a later check compares with, see `Check.known`
    cut_off: bool = False  # the diagnosis, by its limit


class Fate(Message):
    """Which test turns one of many sources away; "" if none does."""

    number: int
    by: str


class Bounded(Message):
    """How far right random numbers lie from a bound, or (without a name) that a test turned them away."""

    test: str
    name: str
    streams: int
    failed: int = 0
    mean: float = 0.0
    deviation: float = 0.0
    room: float = 0.0  # from the mean to the nearer bound


class Fault(Message):
    """Our own fault."""

    text: str


class Pong(Message):
    version: str
    computing: float  # seconds of processor time of all checks that have ended
    pid: int
    age: float  # seconds
    memory: int  # MiB
    working: bool  # a check has not ended, and is not counted yet


# ---------------------------------------------------------------- worker → supervisor


class Observed(msgspec.Struct, omit_defaults=True):
    """One journaled value: numbers as bytes, or a word."""

    name: str
    rtol: float
    atol: float
    target: float | None = None  # of a bound: near it, as near as `atol`
    word: str = ""
    dtype: str = ""
    shape: list[int] = []
    data: bytes = b""


class Done(Message, kw_only=True):
    name: str
    outcome: Outcome
    seconds: float
    finding: Finding | None = None
    raised: Raised | None = None
    journal: list[Observed] | None = None
    banned: list[Banned] = []
    tampered: list[Tampering] = []


class Loaded(Message):
    defaults: list[Default] = []
    banned: list[Banned] = []
    tampered: list[Tampering] = []


class Located(Message):
    place: Place | None


class Diagnosed(Message):
    bugs: list[str]
    cut_off: bool = False


class Stumbled(Message):
    """The worker's own code raised; what it printed says where."""


class Finished(Message):
    """The worker ran all it was asked to."""


ToSupervisor = Check | Ping
FromSupervisor = (
    Named | Bounded | Fate | Plan | TestStarted | Confirming | Result | Problem | Verdict | Fault | Pong
)
FromWorker = (
    Named | Bounded | Fate | Loaded | Problem | TestStarted | Done | Located | Diagnosed | Stumbled | Finished
)
