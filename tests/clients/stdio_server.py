"""A stdio server made with the Python SDK, for the `gateway` example: what it keeps, its process keeps."""

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
    """Keeps a text, and gives all that this process was given."""
    kept.append(message)
    return " ".join(kept)


@server.tool()
def client() -> str:
    """What the gateway was told of the client."""
    return os.environ.get("CLIENT", "")


@server.tool()
async def count(to: int, context: Context) -> str:
    for step in range(1, to + 1):
        await context.report_progress(step, to)
        # The TypeScript SDK drops progress that comes together with the answer.
        await anyio.sleep(0.05)
    return f"counted to {to}"


# No line of MCP: the gateway skips it.
print("stdio_server is ready")
server.run("stdio")
