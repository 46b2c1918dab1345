"""The forked child becomes a worker."""

import gc
import os
import sys
from typing import Any

from dlkata.grading.collection import Suite
from dlkata.grading.protocol import Stumbled
from dlkata.grading.work.bench import flush
from dlkata.grading.work.channel import Channel
from dlkata.grading.work.job import Job
from dlkata.grading.work.worker import work


def become_worker(job: Job, suite: Suite, result: int, output: int, token: bytes) -> Any:
    """The forked child: a session of its own, no terminal, no descriptors but the three it needs. Never returns."""
    status, channel = 3, None
    try:
        if os.getsid(0) != os.getpid():
            os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        channel_fd = 3 if result == 3 else os.dup2(result, 3)
        os.closerange(4, 4096)
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = open(
                number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
            )
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        gc.enable()
        channel = Channel(channel_fd, token)
        work(job, suite, channel)
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
        if channel is not None:
            channel.send(Stumbled())
    finally:
        flush()
        os._exit(status)
