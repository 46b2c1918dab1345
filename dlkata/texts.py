"""Texts that come from outside, made fit to be sent and shown."""

import re

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def as_text(value: str) -> str:
    """What can be sent and shown: no halves of characters, nothing that a terminal would obey."""
    return CONTROL.sub(lambda c: f"\\x{ord(c[0]):02x}", value.encode("utf-8", "backslashreplace").decode())
