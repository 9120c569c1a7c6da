"""Runs the product's processes, starts again what dies, and leaves none behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

PATIENCE = 10  # seconds to finish what is under way before being killed
TOO_SOON = 5  # seconds; a process that dies younger than this is broken rather than unlucky
TRIES = 3

PR_SET_PDEATHSIG = 1


class Broken(Exception):
    """A process dies again and again right after its start."""


def die_with_parent() -> None:
    """Asks the kernel to stop this process when the supervisor is gone, even killed outright."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process to keep alive."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        self.name, self.command, self.env = name, command, env
        self.early_deaths = 0
        self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
            preexec_fn=die_with_parent,
        )

    def revive(self) -> None:
        """Start again if it died; give up on one that never lives."""
        if self.process.poll() is None:
            return
        young = time.monotonic() - self.started < TOO_SOON
        self.early_deaths = self.early_deaths + 1 if young else 0
        if self.early_deaths >= TRIES:
            raise Broken(self.name)
        self.start()

    def stop(self, deadline: float) -> None:
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    """`with Supervisor() as processes: processes.add(…); processes.watch()`."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = False

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + PATIENCE
        for child in self.children:
            child.stop(deadline)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def add(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
        child = Child(name, command, env or {})
        self.children.append(child)
        return child

    def watch(self, also: Callable[[], None] | None = None) -> None:
        """Return when told to stop; until then keep every child alive and do `also` each 5 s."""
        next_time = time.monotonic()
        while not self.stopping:
            for child in self.children:
                child.revive()
            if also and time.monotonic() >= next_time:
                also()
                next_time = time.monotonic() + 5
            time.sleep(0.2)
