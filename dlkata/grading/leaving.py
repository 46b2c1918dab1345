"""Starts a warm host that stays when its starter ends, and depends on it in nothing."""

import os

# Of the starter's environment: what decides how torch is found and which devices it sees, and no more.
KEPT = ("HOME", "LANG", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "DLKATA_SPAWN")
KEPT_PREFIXES = ("CUDA_", "DYLD_", "HIP_", "LC_", "LD_", "NVIDIA_", "OPENBLAS_", "PYTORCH_", "ROCR_", "TORCH")


def kept(environment: "os._Environ[str] | dict[str, str]") -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if name in KEPT or name.startswith(KEPT_PREFIXES)
    }


def main() -> None:
    """A grandchild becomes the host: whoever starts us waits for the child between, which ends at once."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.umask(0o077)
    from dlkata.grading.host import main as become_host

    become_host()
