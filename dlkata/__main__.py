"""Entry point of `dlkata` and `python -m dlkata`."""

import errno
import os
import signal
import sys

COMPLETION = "_DLKATA_COMPLETE"  # set by a shell that asks what could follow; if it asks nonsense, nothing


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A plain KeyboardInterrupt that passed through the `exec` of a text (an import that makes a dataclass)
    Python remembers, though it was caught: it would end us by the signal, without our exit code."""


def main() -> None:
    _open_standard_streams()
    from dlkata.ui.screen import speak_ascii_where_needed

    speak_ascii_where_needed()
    # In a script's background it is ignored, and stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    try:
        sys.exit(run())
    except KeyboardInterrupt:  # one that came while we were starting or leaving
        sys.exit(130)


def _open_standard_streams() -> None:
    """Where one is closed, the next file or socket would get its number, and whatever is printed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    sys.stdin, sys.stdout, sys.stderr = (
        stream or open(os.devnull, mode, encoding="utf-8")
        for stream, mode in ((sys.stdin, "r"), (sys.stdout, "w"), (sys.stderr, "w"))
    )


def _leave(*_signal: object) -> None:
    """The first Ctrl-C ends the command; an impatient second one must not keep it from saving."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Interrupted


def run() -> int:
    """Exit codes: 0 passed or done, 1 not passed, 2 used wrongly, 3 our own fault, 130 interrupted."""
    import click

    from dlkata.cli.main import cli
    from dlkata.texts import as_text

    try:
        code = cli.main(prog_name="dlkata", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.message = as_text(error.message)  # type: ignore[misc]  # it quotes what was typed
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("\n")
        return 130
    except BrokenPipeError:  # `dlkata list | head`
        _print_no_more()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            return _own_fault()
        _print_no_more()
        sys.stderr.write(f"dlkata: {error.strerror}\n")
        return 3
    except Exception:
        return _own_fault()


def _print_no_more() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _own_fault() -> int:
    if os.environ.get(COMPLETION):
        return 1
    import traceback

    traceback.print_exc()
    sys.stderr.write("\ndlkata itself failed. `dlkata doctor` may say why.\n")
    return 3


if __name__ == "__main__":
    main()
