"""Clients that come back: their connections are cut, and the next call after they have opened a new stream
succeeds. `returning.py TARGET WORK [SERVER...]`.

TARGET is cargo's folder with the servers, WORK that of `run.py` with the clients. The clients are the TypeScript
SDK's, for each way to cut, and rmcp 0.10's, whose stream is broken ten times.
"""

import asyncio
import json
import os
import socket
import sys
from functools import partial
from pathlib import Path

from stage import Proxy, Server
from turns import side_by_side

TARGET, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
GATEWAY = [TARGET / "mcp-sse-gateway", "--listen", "ADDRESS", "--"]
STDIO_PYTHON = [WORK / "python/2.3.0/bin/python", Path(__file__).parent / "stdio_server.py"]
STDIO_NODE = ["node", WORK / "node/node_modules/@modelcontextprotocol/server-everything/dist/index.js", "stdio"]

# The command, the argument of the tool `echo`, and a tool that takes long.
SERVERS = {
    "quickstart": ([TARGET / "examples/quickstart", "ADDRESS"], "text", "count", {"to": 50}),
    "rmcp": ([TARGET / "examples/rmcp", "ADDRESS"], "text", "work", {}),
    "gateway-python": ([*GATEWAY, *STDIO_PYTHON], "message", "count", {"to": 100}),
    "gateway-typescript": (
        [*GATEWAY, *STDIO_NODE],
        "message",
        "trigger-long-running-operation",
        {"duration": 10, "steps": 5},
    ),
}
# How to cut, and how many clients at once. `stage.Proxy` says what `all`, `stream` and `event` are.
CUTS = {"all": 1, "stream": 1, "event": 1, "call": 1, "restart": 1, "ten": 1, "many": 50}
# A process of the Python server takes seconds to start, and each client needs two. With MANY=50 it takes 200 s.
FEWER = {"gateway-python": 10}
AT_A_TIME = 6
PATIENCE = 300


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def run(name, client):
    """Runs one client against a server and a proxy of its own. Returns what is wrong, or None."""
    command, echo, tool, arguments = SERVERS[name]
    port = free_port()
    command = [str(part).replace("ADDRESS", f"127.0.0.1:{port}") for part in command]
    server = Server(command, WORK / f"returning-{name}.server.log")
    await server.start()
    proxy = Proxy(port)

    async def restart():
        await server.stop(2)
        await server.start()

    proxy.commands["restart"] = restart
    urls = await proxy.start()
    if client == "rmcp-client":
        program = [WORK / "rust/target/debug/returning", *urls, echo]
    else:
        clients = CUTS[client]
        if client == "many":
            clients = os.environ.get("MANY", FEWER.get(name, clients))
        slow = json.dumps({"name": tool, "arguments": arguments})
        program = ["node", "returning.mjs", *urls, client, str(clients), echo, slow]
    try:
        process = await asyncio.create_subprocess_exec(
            *program, cwd=WORK / "node",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                out, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            return f"not done after {PATIENCE} s"
        return None if process.returncode == 0 else out.decode()[-1500:]
    finally:
        proxy.stop()
        await server.stop()


async def main():
    names = sys.argv[3:] or list(SERVERS)
    # The long ones first.
    clients = ["many", "ten", "rmcp-client", "restart", "call", "event", "stream", "all"]
    checks = [
        (f"{name}, {client}", partial(run, name, client)) for client in clients for name in names
    ]
    return await side_by_side(AT_A_TIME, checks) > 0


sys.exit(asyncio.run(main()))
