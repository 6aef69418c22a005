"""A Streamable HTTP server made with the Python SDK, for the gateway: `gateway_http_server.py [PORT]`.

It prints its URL. Its tools ask the client back, and show the headers of their request.
"""

import socket
import sys

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CreateMessageRequest, SamplingMessage, TextContent
from pydantic import BaseModel

server = MCPServer("http_server")


@server.tool()
def echo(message: str) -> str:
    return message


@server.tool()
async def count(to: int, context: Context) -> str:
    for step in range(1, to + 1):
        # Before the report, so that the last report and the answer arrive together.
        await anyio.sleep(0.05)
        await context.report_progress(step, to)
    return f"counted to {to}"


@server.tool()
def header(name: str, context: Context) -> str:
    """Returns a header of the request, as it arrived here."""
    return context.request_context.request.headers.get(name, "")


@server.tool()
async def sleep(seconds: float) -> str:
    await anyio.sleep(seconds)
    return "awake"


class Answer(BaseModel):
    name: str


@server.tool()
async def elicit(context: Context) -> str:
    """Asks the user, and returns the answer."""
    result = await context.elicit("What is your name?", Answer)
    return result.data.name if result.action == "accept" else result.action


@server.tool()
async def sample(context: Context) -> str:
    """Asks the client's model, and returns its answer."""
    text = TextContent(type="text", text="Say hello")
    message = SamplingMessage(role="user", content=text)
    result = await context.session.create_message([message], max_tokens=9)
    return result.content.text


@server.tool()
async def roots(context: Context) -> str:
    """Returns the roots of the client."""
    return " ".join(str(root.uri) for root in (await context.session.list_roots()).roots)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 0))
print(f"Streamable HTTP at http://127.0.0.1:{listener.getsockname()[1]}/mcp", flush=True)
uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning")).run([listener])
