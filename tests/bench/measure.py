"""What a process costs, as the kernel counts it."""

import os
import subprocess
import tempfile
from typing import NamedTuple


class Cost(NamedTuple):
    cpu: float  # seconds, user and system
    peak: float  # MB resident at most
    output: str  # what it printed


def run(*command: object, keep: bool = True) -> Cost:
    """Runs a command to its end, which must be good.

    The kernel counts the memory of whoever starts a program as the program's until it begins, so this process is to be kept
    small: what takes memory belongs into a process of its own.
    """
    with tempfile.TemporaryFile() if keep else open(os.devnull, "r+b") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}")
        output.seek(0)
        return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, output.read().decode())
