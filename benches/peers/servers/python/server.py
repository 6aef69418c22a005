"""The Python SDK's SSE transport without an MCP server, on uvicorn with uvloop and httptools."""

import logging
import socket

import anyio
import uvicorn
from mcp.server.sse import SseServerTransport
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCNotification, JSONRPCResponse
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

transport = SseServerTransport("/messages/")
streams = set()
notifications = TypeAdapter(JSONRPCNotification)


async def sse(request):
    async with transport.connect_sse(
        request.scope, request.receive, request._send
    ) as (read, write):
        streams.add(write)
        try:
            await echo(read, write)
        finally:
            streams.discard(write)
    return Response()


async def echo(read, write):
    async for incoming in read:
        call = getattr(incoming.message, "root", incoming.message)
        content = [{"type": "text", "text": call.params["arguments"]["text"]}]
        answer = JSONRPCResponse(
            jsonrpc="2.0", id=call.id, result={"content": content}
        )
        await write.send(SessionMessage(answer))


async def broadcast(request):
    message = SessionMessage(notifications.validate_json(await request.body()))
    async with anyio.create_task_group() as tasks:
        for stream in streams:
            tasks.start_soon(stream.send, message)
    return Response(status_code=202)


app = Starlette(
    routes=[
        Route("/sse", sse),
        Route("/broadcast", broadcast, methods=["POST"]),
        Mount("/messages/", app=transport.handle_post_message),
    ]
)

# uvicorn sets TCP_NODELAY itself.
listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
print(listener.getsockname()[1], flush=True)
logging.disable(logging.CRITICAL)
config = uvicorn.Config(
    app, loop="uvloop", http="httptools", access_log=False, log_level="critical"
)
uvicorn.Server(config).run(sockets=[listener])
