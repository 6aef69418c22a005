"""The gateways that are compared, and how each is started."""

import asyncio
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import processes
from client import PATIENCE

# A starting Python without its site packages.
SERVER = [sys.executable, "-I", "-S", str(Path(__file__).with_name("server.py").resolve())]


class Gateway:
    """A program, and its flags for an address, for a log that is off, and for a credential."""

    def __init__(self, name, program, flags, quiet, has_tokens=False):
        self.name, self.program, self.flags, self.quiet = name, program, flags, quiet
        self.has_tokens = has_tokens

    def version(self):
        text = subprocess.run([*self.program, "--version"], capture_output=True, text=True, check=True)
        return text.stdout.split()[-1]

    @contextlib.asynccontextmanager
    async def run(self, log, quiet=False, token=None):
        """A running gateway on a free port. It is killed at the end, with its processes."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [*self.program, *(self.quiet if quiet else []), *self.flags(port)]
        environment = dict(os.environ)
        if token and self.has_tokens:
            environment["MCP_SSE_GATEWAY_TOKENS"] = f"client {token}"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file, env=environment
            )
        try:
            async with asyncio.timeout(PATIENCE):
                await listens(port)
            yield Running(process, port)
        finally:
            pids = processes.tree(process.pid) if process.returncode is None else []
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await process.wait()


async def listens(port):
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return


class Running:
    def __init__(self, process, port):
        self.process, self.port, self.pid = process, port, process.pid

    def lives(self):
        return self.process.returncode is None

    def own(self):
        return processes.own(self.pid)

    def servers(self):
        return processes.servers(self.pid) if self.lives() else []


def all_gateways(ours, work):
    """`work` is where `run.py --prepare supergateway mcp-proxy` of tests/clients has installed them."""
    bridge = work / "node/node_modules/.bin/supergateway"
    proxy = work / "python/mcp-proxy/bin/mcp-proxy"
    return [
        Gateway(
            "mcp-sse-gateway",
            [str(ours)],
            # Its default address with another port.
            lambda port: ["--listen", f"127.0.0.1:{port}", "--max-children", "1000", "--", *SERVER],
            ["--log-level", "off"],
            has_tokens=True,
        ),
        Gateway(
            "supergateway",
            [str(bridge)],
            lambda port: ["--port", str(port), "--stdio", shlex.join(SERVER)],
            ["--logLevel", "none"],
        ),
        Gateway(
            "mcp-proxy",
            [str(proxy)],
            lambda port: ["--port", str(port), "--", *SERVER],
            ["--log-level", "ERROR"],
        ),
    ]
