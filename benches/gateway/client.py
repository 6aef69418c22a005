"""A client of HTTP+SSE on plain TCP: it uses no SDK, so that only what the gateway sends is seen."""

import asyncio
import contextlib
import json
import socket
import struct

# How long anything that must happen may take.
PATIENCE = 60
# How long something is waited for that may never happen.
SOON = 10

INITIALIZE = {
    "protocolVersion": "2024-11-05",
    "capabilities": {"sampling": {}},
    "clientInfo": {"name": "client", "version": "1"},
}


class Refused(Exception):
    """The status of a response that is no stream."""


async def read_head(reader):
    """Status and headers of a response."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return int(first.split()[1]), headers


async def read_chunk(reader):
    size = int(await reader.readuntil(b"\r\n"), 16)
    return (await reader.readexactly(size + 2))[:-2]


async def read_body(reader, headers):
    if "chunked" in headers.get("transfer-encoding", ""):
        while await read_chunk(reader):
            pass
    else:
        await reader.readexactly(int(headers.get("content-length", 0)))


def head(line, headers):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{line} HTTP/1.1\r\n{lines}\r\n".encode()


async def status_of(port, line, headers, body=b""):
    """The status of the response to one request on a connection of its own."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        headers = {"host": f"127.0.0.1:{port}", "content-length": len(body), **headers}
        writer.write(head(line, headers) + body)
        status, _ = await read_head(reader)
        writer.close()
        return status


class Session:
    """An open stream, and a connection for its POSTs."""

    def __init__(self, port, headers):
        self.port, self.headers = port, {"host": f"127.0.0.1:{port}", **headers}
        # What arrived and was not taken.
        self.messages = []
        self.arrived = asyncio.Condition()
        self.ended = False
        self.last_id = 0

    @classmethod
    async def open(cls, port, headers={}):
        self = cls(port, headers)
        async with asyncio.timeout(PATIENCE):
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
            self.writer.write(head("GET /sse", {"accept": "text/event-stream", **self.headers}))
            status, _ = await read_head(self.reader)
            if status != 200:
                raise Refused(status)
            self.events = self.read_events()
            self.uri = await anext(self.events)
            if self.uri.startswith("http"):
                self.uri = "/" + self.uri.split("/", 3)[3]
            self.post_reader, self.post_writer = await asyncio.open_connection("127.0.0.1", port)
        self.task = asyncio.create_task(self.read_messages())
        return self

    async def read_events(self):
        text = b""
        while chunk := await read_chunk(self.reader):
            text += chunk.replace(b"\r\n", b"\n")
            while b"\n\n" in text:
                event, text = text.split(b"\n\n", 1)
                lines = event.decode().split("\n")
                if data := [line[5:].strip() for line in lines if line.startswith("data:")]:
                    yield "\n".join(data)

    async def read_messages(self):
        with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
            async for data in self.events:
                async with self.arrived:
                    self.messages.append(json.loads(data))
                    self.arrived.notify_all()
        async with self.arrived:
            self.ended = True
            self.arrived.notify_all()

    async def post(self, message, headers={}):
        """Returns the status. It raises an `OSError` if the gateway is gone."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        headers = {**self.headers, "content-type": "application/json", **headers}
        headers["content-length"] = len(body)
        async with asyncio.timeout(PATIENCE):
            self.post_writer.write(head(f"POST {self.uri}", headers) + body)
            try:
                status, headers = await read_head(self.post_reader)
                await read_body(self.post_reader, headers)
            except asyncio.IncompleteReadError:
                raise ConnectionResetError from None
        return status

    async def take(self, wanted, seconds=PATIENCE):
        """Takes the first message that is wanted. `None` if the stream ends or the time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self.arrived:
                while True:
                    for message in self.messages:
                        if wanted(message):
                            self.messages.remove(message)
                            return message
                    if self.ended:
                        return None
                    await self.arrived.wait()

    async def ask(self, method, params, seconds=PATIENCE):
        """Returns the answer to a request, or `None`."""
        self.last_id += 1
        id_ = self.last_id
        await self.post({"id": id_, "method": method, "params": params})
        return await self.take(lambda message: is_answer(message, id_), seconds)

    async def initialize(self, seconds=PATIENCE):
        answer = await self.ask("initialize", INITIALIZE, seconds)
        if answer:
            await self.post({"method": "notifications/initialized"})
        return answer

    async def call(self, tool, seconds=PATIENCE, meta=None, **arguments):
        """Returns the text of the answer to a call, or `None`."""
        params = {"name": tool, "arguments": arguments}
        if meta:
            params["_meta"] = meta
        answer = await self.ask("tools/call", params, seconds)
        return text_of(answer) if answer else None

    def close(self):
        self.task.cancel()
        for writer in (self.writer, self.post_writer):
            writer.close()

    def cut(self):
        """Resets both connections, as if the client's machine was gone."""
        self.task.cancel()
        for writer in (self.writer, self.post_writer):
            plain = writer.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


def is_answer(message, id_):
    return message.get("id") == id_ and "method" not in message


def text_of(answer):
    if "error" in answer:
        return f"error: {answer['error']['message']}"
    if not (content := answer["result"].get("content")):
        return "no text"
    text = content[0]["text"]
    return f"error: {text}" if answer["result"].get("isError") else text


async def connect(port, headers={}):
    """An initialized session."""
    session = await Session.open(port, headers)
    assert await session.initialize(), "no answer to initialize"
    return session
