"""How messages travel: framed, over a socket or a pipe."""

import socket
import struct
from typing import Any

import msgspec

from dlkata.grading.protocol import Message

LENGTH = struct.Struct("!I")
LARGEST = 64 << 20
encode = msgspec.msgpack.Encoder().encode


def frame(message: Any) -> bytes:
    body = encode(message)
    return LENGTH.pack(len(body)) + body


class Frames:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        self.buffer += data
        bodies = []
        while len(self.buffer) >= LENGTH.size:
            (size,) = LENGTH.unpack_from(self.buffer)
            if size > LARGEST:
                raise ValueError("frame too large")
            if len(self.buffer) < LENGTH.size + size:
                break
            bodies.append(bytes(self.buffer[LENGTH.size : LENGTH.size + size]))
            del self.buffer[: LENGTH.size + size]
        return bodies


class Line:
    """A socket that carries messages of one kind."""

    def __init__(self, connection: socket.socket, receives: Any):
        self.connection = connection
        self.decoder = msgspec.msgpack.Decoder(receives)
        self.frames = Frames()
        self.waiting: list[bytes] = []
        self.answered = False

    def send(self, message: Message) -> None:
        self.connection.sendall(frame(message))

    def receive(self) -> Any | None:
        """The next message; None when the other side has closed."""
        while not self.waiting:
            data = self._read()
            if not data:
                return None
            self.waiting = self.frames.feed(data)
        return self.decoder.decode(self.waiting.pop(0))

    def receive_some(self) -> list[Any] | None:
        """What one read brings, maybe nothing whole yet; None when the other side has closed."""
        data = self._read()
        if not data:
            return None
        return [self.decoder.decode(body) for body in self.frames.feed(data)]

    def _read(self) -> bytes:
        try:
            data = self.connection.recv(1 << 16)
        except ConnectionResetError:
            return b""  # it died with something unread
        self.answered = self.answered or bool(data)
        return data

    def close(self) -> None:
        self.connection.close()
