"""The machine, and what its processes use: everything read from /proc."""

import os
import platform
import subprocess
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def tree(pid):
    """The process and its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                after_name = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(int(after_name[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        next_pid = queue.pop()
        found.append(next_pid)
        queue.extend(children.get(next_pid, []))
    return sorted(found)


def cpu_seconds(pids):
    """utime + stime of the processes, all their threads included; the kernel counts in steps of 10 ms."""
    ticks = 0
    for pid in pids:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])
    return ticks / TICKS_PER_SECOND


def rss_kib(pids):
    """Resident memory; pages that several of the processes share are counted in each."""
    return sum(_field(f"/proc/{pid}/status", "VmRSS") for pid in pids)


def pss_kib(pids):
    """Proportional memory: a page that n processes share counts for 1/n in each."""
    return sum(_field(f"/proc/{pid}/smaps_rollup", "Pss") for pid in pids)


def threads(pids):
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)


def _field(path, name):
    for line in Path(path).read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise RuntimeError(f"{path} has no {name}")


def busy_and_stolen_seconds():
    """CPU seconds since boot that all cores worked, and that the hypervisor took away."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND, steal / TICKS_PER_SECOND


def facts():
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine())
    memory = _field("/proc/meminfo", "MemTotal") / 1_048_576
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return {
        "cpu": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1), "kernel": platform.release(),
        "system": system,
    }


def first_line(command):
    """What a program says of its version."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    return (done.stdout.strip().splitlines() or ["?"])[0].strip()
