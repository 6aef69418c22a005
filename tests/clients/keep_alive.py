"""Which forms of a keep-alive comment the Python SDK's client reads.

It serves a minimal MCP server itself, on raw sockets. Hundreds of comments come before, between and after
the answers, complete or split across writes.
"""

import asyncio
import json

import anyio
from mcp import ClientSession
from mcp.client.sse import sse_client

from checks import SDK, check, complaints, equal, finish, no_complaints

FORMS = {"comment line alone": ":\n", "comment and blank line": ":\n\n"}
PINGS = 8
COMMENTS = 50


class Server:
    def __init__(self, form):
        self.form = form
        self.streams = []
        self.comments = 0
        self.answers = 0
        # Answers are written one after the other, each with its comments.
        self.writing = asyncio.Lock()

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if head.startswith("get "):
            self.streams.append(writer)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
            writer.write(b"transfer-encoding: chunked\r\n\r\n")
            await self.write("event: endpoint\ndata: /messages/?session_id=1\n\n")
            return
        [length] = [line[15:] for line in head.split("\r\n") if line.startswith("content-length:")]
        request = json.loads(await reader.readexactly(int(length)))
        writer.write(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        if "id" in request:
            async with self.writing:
                await self.answer(request)

    async def answer(self, request):
        result = {}
        if request["method"] == "initialize":
            result = {
                "protocolVersion": "2024-11-05",
                "capabilities": {},
                "serverInfo": {"name": "keep-alive", "version": "0"},
            }
        answer = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result})
        event = f"event: message\ndata: {answer}\n\n"

        await self.whole()
        await self.cut()
        await self.whole()
        # The last comment and the event: in one write, split in the comment, split in the event.
        both = self.form + event
        cut = [len(both), 1, len(self.form), len(self.form) + 3, len(both) - 1][self.answers % 5]
        await self.write(both[:cut])
        await self.write(both[cut:])
        self.comments += 1
        self.answers += 1
        await self.cut()
        await self.write(self.form * COMMENTS)
        self.comments += COMMENTS

    async def whole(self):
        for _ in range(COMMENTS):
            await self.write(self.form)
            self.comments += 1

    async def cut(self):
        """Writes the bytes of the comment one by one."""
        for _ in range(COMMENTS):
            for byte in self.form:
                await self.write(byte)
            self.comments += 1

    async def write(self, text):
        """Writes one chunk, and gives the client time to read it."""
        if text:
            [stream] = self.streams
            data = text.encode()
            stream.write(b"%x\r\n%s\r\n" % (len(data), data))
            await stream.drain()
            await asyncio.sleep(0.001)


async def run(form):
    server = Server(form)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]

    async def on_message(message):
        if isinstance(message, Exception):
            complaints.append(repr(message))

    async with (
        sse_client(f"http://127.0.0.1:{port}/sse") as (read, write),
        ClientSession(read, write, message_handler=on_message) as session,
    ):
        await session.initialize()
        for _ in range(PINGS):
            await session.send_ping()
        await server.writing.acquire()
        equal(server.answers, PINGS + 1)
        equal(len(server.streams), 1)
    for stream in server.streams:
        stream.close()
    listener.close()
    print(f"       {PINGS} pings answered among {server.comments} comments", flush=True)
    await no_complaints()


async def main():
    print(SDK, flush=True)
    for name, form in FORMS.items():
        complaints.clear()
        await check(f"{name}, {form!r}", run, form)


anyio.run(main)
finish()
