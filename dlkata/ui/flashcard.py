"""A question as a card with two sides, for a program that shows HTML."""

from collections.abc import Sequence

from dlkata.content.concept import Concept
from dlkata.content.question import Kind, Option
from dlkata.locale import _
from dlkata.study.asking import Asked, letters_of
from dlkata.ui.markup import page, paragraph

STYLE = """
.card { font-family: system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif; font-size: 18px; line-height: 1.5;
  text-align: left; max-width: 42em; margin: 0 auto; padding: 0.5em; color: #1c1c1c; background: #fdfdfb; }
.card.nightMode, .nightMode .card { color: #e4e4e0; background: #1e1f22; }
.about { font-size: 0.75em; opacity: 0.65; }
pre { overflow-x: auto; padding: 0.6em; border-radius: 4px; background: rgba(128, 128, 128, 0.14); }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 0.9em; }
math[display="block"] { margin: 0.7em 0; padding: 0.2em 0; overflow: auto hidden; }
ol, ul { padding-left: 1.6em; } li { margin: 0.35em 0; }
.right { font-weight: bold; } .right::marker { color: #2c8a4b; }
.said { font-weight: normal; opacity: 0.85; display: block; font-size: 0.92em; }
table { border-collapse: collapse; } td, th { padding: 0.2em 0.7em; border-bottom: 1px solid rgba(128, 128, 128, 0.4); }
details { margin-top: 1.2em; border-top: 1px solid rgba(128, 128, 128, 0.4); padding-top: 0.5em; }
summary { cursor: pointer; }
"""


def front(asked: Asked, topic: str) -> str:
    question = asked.question
    about = f'<p class="about">{topic} · {_("level {level}", level=question.head.level)}</p>'
    return about + page(question.prompt) + _choices(asked) + _wanted(asked)


def back(asked: Asked) -> str:
    question = asked.question
    if question.kind is Kind.NUMBER:
        return _number(asked)
    if question.kind is Kind.RECALL:
        return _recall(asked)
    if question.kind is Kind.ORDER:
        head = _("The right order: {letters}", letters=letters_of(asked, range(len(question.options))))
        items = "".join(f"<li>{_with_feedback(option)}</li>" for option in question.options)
        return f"<p>{head}</p><ol>{items}</ol>"
    items = ""
    for number in asked.shown:
        option = question.options[number]
        mark = (' class="right"', "✓ ") if option.right else ("", "✗ ")
        items += f"<li{mark[0]}>{mark[1]}{_with_feedback(option)}</li>"
    return f'<ol type="a">{items}</ol>'


def explanation(concept: Concept) -> str:
    """The concept, folded up: whoever knew the answer need not see it."""
    return f"<details><summary>{paragraph(concept.title)}</summary>{page(concept.section.body)}</details>"


def _choices(asked: Asked) -> str:
    items = "".join(f"<li>{paragraph(asked.question.options[number].text)}</li>" for number in asked.shown)
    return f'<ol type="a">{items}</ol>' if items else ""


def _wanted(asked: Asked) -> str:
    unit = asked.question.head.unit
    wanted = {
        Kind.MULTI: _("Several may be right."),
        Kind.ORDER: _("Put them in order."),
        Kind.NUMBER: _("A number, in {unit}.", unit=unit) if unit else _("A number."),
        Kind.RECALL: _("Say it aloud, then turn the card."),
    }.get(asked.question.kind)
    return f'<p class="about">{paragraph(wanted)}</p>' if wanted else ""


def _number(asked: Asked) -> str:
    right, *others = asked.question.options
    unit = f" {asked.question.head.unit}" if asked.question.head.unit else ""
    lines = [f"<p><b>{paragraph(right.text + unit)}</b>{_said(right.feedback)}</p>"]
    explained = [option for option in others if option.feedback]
    if explained:
        lines.append(f"<p>{_('If you had something else:')}</p>")
        lines.append("<ul>" + "".join(f"<li>{_with_feedback(option)}</li>" for option in explained) + "</ul>")
    return "".join(lines)


def _recall(asked: Asked) -> str:
    question = asked.question
    lines = [f"<p><b>{_('A good answer says:')}</b></p>", _points(question.options)]
    for title, entry in ((_("A weak answer:"), question.weak), (_("What comes next:"), question.follow_up)):
        if entry is not None:
            lines += [f"<p><b>{title}</b></p>", _points([entry])]
    return "".join(lines)


def _points(options: Sequence[Option]) -> str:
    return "<ul>" + "".join(f"<li>{_with_feedback(option)}</li>" for option in options) + "</ul>"


def _with_feedback(option: Option) -> str:
    return paragraph(option.text) + _said(option.feedback)


def _said(feedback: str) -> str:
    return f'<span class="said">{paragraph(feedback)}</span>' if feedback else ""
