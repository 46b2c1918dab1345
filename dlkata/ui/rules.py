"""What an attempt did that it may not, in one sentence each."""

from dlkata.grading.protocol import Banned, Default, Tampering
from dlkata.locale import _


def explain_default(changed: Default) -> str:
    return _("line {line}: `{name}` is {mine} if it is not given; the statement says {asked}.",
             line=changed.line, name=changed.name, mine=changed.mine, asked=changed.asked)  # fmt: skip


def explain_ban(banned: Banned) -> str:
    return _("line {line}: `{call}` is forbidden in this kata.", line=banned.line, call=banned.call)


def explain_tampering(found: Tampering) -> str:
    where = _("line {line}: ", line=found.line) if found.line else ""
    sentences = {
        "replaced": _("`{what}` was replaced; the grader calls it."),
        "added": _("`{what}` was added to torch's Tensor."),
        "mode": _("a torch function mode was left switched on."),
        "pipe": _("the grader's own line was cut or written to."),
        "read": _(
            "`{what}` was opened: the solution, the tests and your record are not for an attempt to read."
        ),
        "changed": _("`{what}` was to be changed or deleted, which was refused."),
        "frames": _("the grader's stack frames were looked at (`{what}`)."),
        "objects": _("all living objects were searched (`{what}`)."),
        "program": _("another program was started (`{what}`)."),
        "library": _("a C library was called (`{what}`): what it does, nobody sees."),
        "torch": _("`{what}` is a file of torch's own, which is not read or loaded again here."),
        "signal": _("a signal was to be sent to another process (`{what}`), which was refused."),
        "process": _("a process was left running; it has been ended."),
        "thread": _("a thread was left running (`{what}`): wait for it before you return."),
        "import": _("the grader's module `{what}` was imported."),
    }
    return where + sentences.get(found.kind, found.kind).replace("{what}", found.what)
