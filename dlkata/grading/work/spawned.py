"""Workers where forking is unsafe (macOS): each is a fresh interpreter that imports torch and collects the suite."""

import subprocess
import sys
from pathlib import Path

import msgspec

from dlkata import launching


def spawn(job: msgspec.Struct, result: int, output: int, token: bytes) -> int:
    """Starts a worker for the job; its process id."""
    process = subprocess.Popen(
        launching.command("grading.work.spawned", str(result), str(output), token.hex()),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        pass_fds=[result, output],
        cwd="/",
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.msgpack.encode(job))
    process.stdin.close()
    # The supervisor waits for the process itself.
    process.returncode = 0
    return process.pid


def main() -> None:
    from dlkata.grading.collection import collect
    from dlkata.grading.work.becoming import become_worker
    from dlkata.grading.work.job import Job

    result, output, token = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    suite = collect(Path(job.check.root, "tests", "katas", f"test_{job.check.stem}.py"))
    become_worker(job, suite, result, output, token)
