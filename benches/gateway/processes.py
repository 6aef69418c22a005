"""What Linux tells about a gateway's processes."""

import os
import socket
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid):
    """The fields of a process after its name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def tree(pid):
    """A process and all its descendants that run."""
    parents = {}
    for one in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent = stat(one)[:2]
        except OSError:
            continue  # it ended meanwhile
        if state not in "ZX":
            parents.setdefault(int(parent), []).append(int(one))
    found, new = [], [pid]
    while new:
        found += new
        new = [child for parent in new for child in parents.get(parent, [])]
    return found


def is_server(pid):
    """Whether it is the stdio server behind the gateway."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    # A gateway has the same words after its own.
    return words[1:3] == [b"-I", b"-S"]


def servers(pid):
    return [one for one in tree(pid) if is_server(one)]


def own(pid):
    """The gateway's own processes, without the stdio servers."""
    return [one for one in tree(pid) if not is_server(one)]


def cpu(pids):
    """The CPU time that these processes have used, in seconds."""
    return sum(sum(map(int, stat(pid)[11:13])) for pid in pids) / TICKS


def memory(pids):
    """The memory of these processes in KiB. Pages that processes share are divided among them."""
    kib = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib


def listens_on(port):
    """The addresses on which this port is open."""
    found = set()
    for file, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, in_hex = local.split(":")
            if state == "0A" and int(in_hex, 16) == port:
                # Words of four bytes in the byte order of the machine.
                raw = bytes.fromhex(address)
                raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
                found.add(socket.inet_ntop(family, raw))
    return ", ".join(sorted(found))
