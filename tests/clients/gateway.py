"""The Python SDK's client against a running gateway: `gateway.py URL PID SERVER [stop]`.

PID is the gateway's process, which must have been started with `--env-from-header X-Client=CLIENT`.
SERVER is the stdio server behind it, `everything` or `stdio_server`. With `stop` it interrupts the
gateway while sessions are open.
"""

import os
import signal
import sys
from contextlib import asynccontextmanager

import anyio
from mcp import ClientSession
from mcp.client.sse import sse_client

from checks import SDK, check, equal, finish, no_complaints
from gateway_checks import call, echoed, progress

URL, PID, SERVER = sys.argv[1], int(sys.argv[2]), sys.argv[3]
CLIENTS = 4


@asynccontextmanager
async def connect(name="one"):
    """An initialized session."""
    async with (
        sse_client(URL, headers={"X-Client": name}) as (read, write),
        ClientSession(read, write) as session,
    ):
        session.initialized = await session.initialize()
        yield session


async def initialize():
    async with connect() as session:
        name = {"everything": "mcp-servers/everything"}.get(SERVER, SERVER)
        equal(session.initialized.server_info.name, name)


async def list_tools():
    async with connect() as session:
        tools = {tool.name for tool in (await session.list_tools()).tools}
        assert {"echo", "get-env" if SERVER == "everything" else "keep"} <= tools, tools


async def call_echo():
    async with connect() as session:
        for text in ["Hello", "two\nlines\r\nand \u2028 more", "x" * 500_000]:
            equal(await call(session, "echo", {"message": text}), echoed(SERVER, text))


async def one_progress():
    async with connect() as session:
        await progress(session, SERVER, 3)


async def side_by_side():
    """Each session has its own process, its own header, and its own progress under the same token."""
    here = 0
    everyone = anyio.Event()

    async def one(number):
        nonlocal here
        name = f"client-{number}"
        async with connect(name) as session:
            here += 1
            if here == CLIENTS:
                # Those of the sessions before may still end.
                while len(children(PID)) > CLIENTS:
                    await anyio.sleep(0.05)
                equal(len(children(PID)), CLIENTS)
                everyone.set()
            await everyone.wait()
            await progress(session, SERVER, 2 + number)
            if SERVER == "everything":
                assert f'"CLIENT": "{name}"' in await call(session, "get-env")
            else:
                equal(await call(session, "client"), name)
                equal(await call(session, "keep", {"message": name}), name)
                equal(await call(session, "keep", {"message": "more"}), f"{name} more")

    async with anyio.create_task_group() as tasks:
        for number in range(CLIENTS):
            tasks.start_soon(one, number)


def parents():
    """Returns the parent of each process that runs or waits to be reaped."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                found[int(pid)] = int(stat.read().rpartition(") ")[2].split()[1])
        except OSError:
            pass  # it ended meanwhile
    return found


def children(pid):
    return [child for child, parent in parents().items() if parent == pid and not is_guard(child)]


def is_guard(pid):
    """Whether it is the process that ends the children of a gateway that was killed."""
    try:
        with open(f"/proc/{pid}/cmdline") as words:
            return "--guard-children" in words.read()
    except OSError:
        return False


def descendants(pid):
    found = children(pid)
    for child in found:
        found.extend(children(child))
    return found


async def gone(pids):
    """Waits until no child is left: the gateway has reaped its children, and their children have ended."""
    while True:
        left = [pid for pid in pids if runs(pid)] + children(PID)
        if not left:
            return
        await anyio.sleep(0.05)


def runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


async def leave():
    async with connect() as session:
        await session.send_ping()
        pids = descendants(PID)
        assert pids
    await gone(pids)


async def stop():
    class Interrupted(Exception):
        pass

    pids = []
    try:
        async with connect() as session, connect(), connect():
            await session.send_ping()
            pids = descendants(PID)
            os.kill(PID, signal.SIGINT)
            await gone(pids)
            raise Interrupted
    except* Interrupted:
        pass
    assert len(pids) >= 3, pids


async def main():
    print(f"{SDK} and {SERVER} at {URL}")
    if sys.argv[4:] == ["stop"]:
        await check("an interrupt ends all children", stop)
        return
    await check("initialize", initialize)
    await check("tools/list", list_tools)
    await check("tools/call", call_echo)
    await check("progress", one_progress)
    await check(f"{CLIENTS} clients side by side, each with its own child", side_by_side)
    await check("no child after a disconnect", leave)
    await check("no complaint of the SDK", no_complaints)


anyio.run(main)
finish()
