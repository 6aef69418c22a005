"""A stdio server made with the Python SDK, for the gateway. Its process keeps its state."""

import os

import anyio
from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("stdio_server")
kept = []


@server.tool()
def echo(message: str) -> str:
    return message


@server.tool()
def keep(message: str) -> str:
    """Stores a text, and returns all texts that this process has stored."""
    kept.append(message)
    return " ".join(kept)


@server.tool()
def client() -> str:
    """Returns the header of the client that the gateway passed on."""
    return os.environ.get("CLIENT", "")


@server.tool()
async def count(to: int, context: Context) -> str:
    for step in range(1, to + 1):
        # Before the report, so that the last report and the answer arrive together.
        await anyio.sleep(0.05)
        await context.report_progress(step, to)
    return f"counted to {to}"


# This line is not a message of MCP: the gateway skips it.
print("stdio_server is ready")
server.run("stdio")
