"""Starts servers, each in a process group of its own, and ends exactly those."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from . import machine

STARTING_SECONDS_MAX = 30
STOPPING_SECONDS_MAX = 15
PR_SET_PDEATHSIG = 1
BENCH = Path(__file__).resolve().parent.parent


class Failure(Exception):
    """Something that makes the numbers meaningless; the run ends with its text."""


def say(text):
    print(f"bench/peers: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tool(name):
    """A program from Debian; /usr/sbin is not on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Failure(f"{name} is missing; run bench/install")
    return found


def envoy():
    found = sorted((BENCH / "out/venv").glob("lib/python3*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise Failure("envoy is missing; run bench/install")
    return found[-1]


class Process:
    """A running server. `pids` is read anew each time: nginx has children."""

    def __init__(self, name, command, folder, port, core=None):
        self.name, self.port, self.folder = name, port, Path(folder)
        self.output = self.folder / "output.log"
        libc = ctypes.CDLL(None)

        def in_the_child():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)  # does not outlive a killed bench/peers
            if core is not None:
                os.sched_setaffinity(0, {core})

        with open(self.output, "ab") as output, open(os.devnull) as nothing:
            self.popen = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, stdin=nothing, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=in_the_child)

    @property
    def pids(self):
        return machine.tree(self.popen.pid)

    def wait_until_it_listens(self):
        deadline = time.monotonic() + STARTING_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.popen.poll() is not None:
                raise Failure(f"{self.name} ended at once with status {self.popen.returncode}:\n{self.tail()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise Failure(f"{self.name} does not listen after {STARTING_SECONDS_MAX} s:\n{self.tail()}")

    def tail(self, lines=6):
        text = ""
        for path in sorted(self.folder.glob("*.log")):
            last = path.read_text(errors="replace").splitlines()[-lines:]
            if last:
                text += f"--- {path.name}\n" + "\n".join(line[:300] for line in last) + "\n"
        return text or "(it wrote nothing)"

    def stop(self):
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGTERM)
            try:
                self.popen.wait(STOPPING_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                say(f"{self.name} is still there {STOPPING_SECONDS_MAX} s after SIGTERM; killing it")
                os.killpg(self.popen.pid, signal.SIGKILL)
                self.popen.wait(STOPPING_SECONDS_MAX)


class Processes:
    """Everything that was started, so that everything is ended, however the run ends."""

    def __init__(self):
        self.running = []

    def start(self, *arguments, **named):
        process = Process(*arguments, **named)
        self.running.append(process)
        return process.wait_until_it_listens()

    def stop(self, process):
        process.stop()
        self.running.remove(process)

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            try:
                process.stop()
            except Exception as error:  # the others must be ended all the same
                say(f"{process.name} could not be ended: {error}")
        self.running.clear()
