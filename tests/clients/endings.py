"""The server side ends a session with a call open: the call fails within a second, and says why.
`endings.py TARGET WORK`, with the folders of `returning.py`.

The clients are the Python SDK's, the Go SDK's and mcp-go's, against rmcp's service and against the gateway.
`run.py` does the same for a handler written by hand, with each client.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time
from functools import partial
from pathlib import Path

from stage import Server
from turns import side_by_side

TARGET, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
STDIO_PYTHON = [WORK / "python/2.3.0/bin/python", Path(__file__).parent / "stdio_server.py"]
CLIENTS = {
    "python-2": [WORK / "python/2.3.0/bin/python", Path(__file__).parent / "python/open_call.py"],
    "python-1": [WORK / "python/1.28.1/bin/python", Path(__file__).parent / "python/open_call.py"],
    "go-sdk": [WORK / "go/go-sdk-client", "open-call"],
    "mcp-go": [WORK / "go/mcp-go-client", "open-call"],
}
LIMIT = 1.0


def children(pid):
    lists = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in lists for child in children]


def stop(server):
    os.kill(server.process.pid, signal.SIGINT)


def kill_child(server):
    for child in children(server.process.pid):
        os.kill(child, signal.SIGKILL)


RMCP = [TARGET / "examples/rmcp", "127.0.0.1:0"]
GATEWAY = [TARGET / "mcp-sse-gateway", "--listen", "127.0.0.1:0", "--", *STDIO_PYTHON]
# The server, the path of its stream, the open call, what ends the session, what the error says, and how long the
# server waits for open calls before.
ENDINGS = {
    "rmcp: a tool panics": (RMCP, "/sse", ("fail", {}), None, "panicked", 0),
    "rmcp: a shutdown's deadline": (RMCP, "/sse", ("count", {"to": 10000}), stop, "shut down", 10),
    "gateway: the child is killed": (GATEWAY, "", ("count", {"to": 10000}), kill_child, "signal", 0),
    "gateway: a shutdown's deadline": (GATEWAY, "", ("count", {"to": 10000}), stop, "shut down", 10),
}


async def run(ending, client):
    """What is wrong, or None."""
    command, path, (tool, arguments), end, reason, grace = ENDINGS[ending]
    server = Server([str(part) for part in command], WORK / "endings.server.log")
    url = await server.start() + path
    process = await asyncio.create_subprocess_exec(
        *CLIENTS[client], url, tool, json.dumps(arguments),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(40):
            while (await process.stdout.readline()).strip() != b"open":
                if process.stdout.at_eof():
                    return "the client did not connect"
            # The call is on its way.
            await asyncio.sleep(0.5)
            start = time.monotonic()
            if end:
                end(server)
            line = await process.stdout.readline()
        took = time.monotonic() - start
        found = json.loads(line)["found"]
        if took < grace - LIMIT:
            return f"after {took:.1f} s, before the deadline: {found}"
        if took > grace + LIMIT:
            return f"after {took:.1f} s: {found}"
        if not re.search(reason, found):
            return f"{found!r} does not say {reason!r}"
    except TimeoutError:
        return "no error in 40 s"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await server.stop()


async def main():
    checks = [
        (f"{ending}, {client}", partial(run, ending, client))
        for ending in ENDINGS
        for client in CLIENTS
    ]
    return await side_by_side(4, checks) > 0


sys.exit(asyncio.run(main()))
