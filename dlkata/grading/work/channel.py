"""The worker's end of its pipe to the supervisor. Every frame begins with a token the supervisor made up."""

import os
import signal
from typing import Any

from dlkata.grading.wire import frame

TOKEN_SIZE = 16
WHERE = signal.SIGUSR1  # asks a worker for the line it is in
CUT = 113  # the exit status of a worker that can no longer be heard


class Channel:
    def __init__(self, descriptor: int, token: bytes):
        self._descriptor = descriptor
        self._token = token
        self._pid = os.getpid()

    def send(self, *messages: Any) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # the attempt forked: its child must not report a second time
        data = memoryview(b"".join(self._token + frame(message) for message in messages))
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except OSError:
                os._exit(CUT)  # the attempt has closed our end
