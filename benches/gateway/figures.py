"""What is measured: memory, CPU time, and the time to the first answer."""

import json
import statistics
import subprocess
import time

import processes
from client import INITIALIZE, Session, connect
from gateways import SERVER

TEXT = "x" * 64


async def measure(gateway, log, size):
    found = {}
    await start(gateway, log, size, found)
    await memory(gateway, log, size, found)
    for quiet in (False, True):
        await cpu(gateway, log, size, quiet, found)
    return found


async def start(gateway, log, size, found):
    """From the start of the program to the answer to `initialize`, and the same for later sessions."""
    begin = time.perf_counter()
    async with gateway.run(log) as running:
        (await connect(running.port)).close()
        found["start_ms"] = (time.perf_counter() - begin) * 1000
        times = []
        for _ in range(size.openings):
            begin = time.perf_counter()
            session = await Session.open(running.port)
            await session.initialize()
            times.append((time.perf_counter() - begin) * 1000)
            session.close()
        found["open_ms"] = statistics.median(times)


async def memory(gateway, log, size, found):
    async with gateway.run(log) as running:
        found["start_kib"] = processes.memory(running.own())
        # The first sessions load what all sessions share.
        sessions = [await connect(running.port) for _ in range(size.sessions // 10)]
        for session in sessions:
            await session.call("echo", text=TEXT)
        before = processes.memory(running.own())
        more = [await connect(running.port) for _ in range(size.sessions)]
        for session in more:
            await session.call("echo", text=TEXT)
        found["session_kib"] = (processes.memory(running.own()) - before) / size.sessions
        servers = running.servers()
        found["servers"] = len(servers)
        found["servers_of"] = len(sessions) + len(more)
        found["servers_kib"] = processes.memory(servers) / found["servers_of"]
        for session in sessions + more:
            session.close()


async def cpu(gateway, log, size, quiet, found):
    """The CPU time of the gateway's own processes for one call, one after another."""
    async with gateway.run(log, quiet) as running:
        session = await connect(running.port)
        for _ in range(size.calls // 10):
            await session.call("echo", text=TEXT)
        own = running.own()
        before, begin = processes.cpu(own), time.perf_counter()
        for _ in range(size.calls):
            assert await session.call("echo", text=TEXT) == TEXT
        name = "quiet_" if quiet else ""
        found[f"{name}cpu_us"] = (processes.cpu(own) - before) / size.calls * 1e6
        found[f"{name}call_us"] = (time.perf_counter() - begin) / size.calls * 1e6
        session.close()


def server_ms(turns):
    """How long the stdio server alone takes from its start to its first answer."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    times = []
    for _ in range(turns):
        begin = time.perf_counter()
        with subprocess.Popen(SERVER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            server.stdin.write(json.dumps(request).encode() + b"\n")
            server.stdin.flush()
            server.stdout.readline()
            times.append((time.perf_counter() - begin) * 1000)
            server.stdin.close()
    return statistics.median(times)
