"""The Python SDK's client against a running example server: `client.py http://127.0.0.1:8000/sse`."""

import json
import sys
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

import anyio
import mcp
from mcp import ClientSession
from mcp.client.sse import create_mcp_http_client, sse_client

from checks import SDK, check, complaints, equal, finish, no_complaints

URL = sys.argv[1]
SDK_2 = hasattr(mcp, "MCPError")
McpError = mcp.MCPError if SDK_2 else mcp.McpError

INVALID_PARAMS = -32602
METHOD_NOT_FOUND = -32601


@asynccontextmanager
async def connect(posted=None):
    """An initialized session. The URIs that it posts to are added to `posted`."""

    async def on_message(message):
        if isinstance(message, Exception):
            complaints.append(repr(message))

    async def on_request(request):
        if posted is not None and request.method == "POST":
            posted.append(str(request.url))

    def client(**options):
        client = create_mcp_http_client(**options)
        client.event_hooks["request"].append(on_request)
        return client

    async with (
        sse_client(URL, httpx_client_factory=client) as (read, write),
        ClientSession(read, write, message_handler=on_message) as session,
    ):
        session.initialized = await session.initialize()
        yield session


async def echo(session, text):
    equal(text_of(await session.call_tool("echo", {"text": text})), text)


def text_of(result):
    [content] = result.content
    return content.text


async def initialize(session):
    # Its members have other names in SDK 1.
    found = session.initialized.model_dump(by_alias=True)
    equal(found["protocolVersion"], "2024-11-05")
    equal(found["serverInfo"]["name"], "quickstart")


async def ping(session):
    for _ in range(3):
        await session.send_ping()


async def list_tools(session):
    tools = (await session.list_tools()).tools
    equal([tool.name for tool in tools], ["echo", "add", "count"])


async def call_echo(session):
    await echo(session, "Hello")
    await echo(session, "")


async def call_add(session):
    equal(float(text_of(await session.call_tool("add", {"a": 2, "b": 0.5}))), 2.5)


async def call_count(session):
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total))

    result = await session.call_tool("count", {"to": 3}, progress_callback=on_progress)
    equal(text_of(result), "counted to 3")
    # SDK 2 calls the callback from its own tasks.
    for _ in range(2000):
        if len(seen) >= 3:
            break
        await anyio.sleep(0.01)
    equal(seen, [(1, 3), (2, 3), (3, 3)])


async def errors(session):
    for code, method, *arguments in [
        (INVALID_PARAMS, session.call_tool, "no such tool", {}),
        (INVALID_PARAMS, session.call_tool, "add", {"a": "one", "b": 2}),
        (METHOD_NOT_FOUND, session.list_prompts),
    ]:
        try:
            result = await method(*arguments)
        except McpError as error:
            equal(error.error.code, code)
        else:
            raise AssertionError(f"{result} is not the error {code}")
    await session.send_ping()


async def large_text(session):
    piece = "\u2028 \u2029 \x85 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t \0 data: \n\nevent: endpoint\n"
    if SDK_2:
        # It reads no event larger than 1 MiB: use as many pieces as fit beside the rest of the answer. The server
        # writes U+2028, U+2029 and U+0085 as escapes of 6 bytes.
        text = json.dumps(piece, ensure_ascii=False)
        for separator in "\u2028\u2029\x85":
            text = text.replace(separator, "\\uXXXX")
        turns = (2**20 - 200) // len(text.encode())
    else:
        turns = 2**20 // len(piece.encode()) + 1
    await echo(session, piece * turns)


async def parallel_sessions():
    sessions = 50
    uris = set()
    everyone = anyio.Event()

    async def one(number):
        posted = []
        async with connect(posted) as session:
            await echo(session, f"session {number} is here")
            uris.update(posted)
            if len(uris) == sessions:
                everyone.set()
            await everyone.wait()
            for turn in range(10):
                await echo(session, f"session {number}, turn {turn} {'x' * number}")

    async with anyio.create_task_group() as tasks:
        for number in range(sessions):
            tasks.start_soon(one, number)
    equal(len(uris), sessions)


async def disconnect():
    posted = []
    async with connect(posted) as session:
        await session.send_ping()
    # The server notices it a moment later.
    for _ in range(2000):
        answer = await anyio.to_thread.run_sync(post, posted[0])
        if answer[0] != 202:
            break
        await anyio.sleep(0.05)
    equal(answer, (404, "Could not find session"))


def post(uri):
    body = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'
    request = urllib.request.Request(uri, body, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def idle():
    async with connect() as session:
        await anyio.sleep(17)
        await session.send_ping()
        await echo(session, "still here")


async def keep_alive():
    equal(await anyio.to_thread.run_sync(read_idle_stream), b":\n")


def read_idle_stream():
    """Returns the bytes after the `endpoint` event."""
    with urllib.request.urlopen(URL, timeout=17) as stream:
        while stream.readline() != b"\n":
            pass
        return stream.readline()


async def one_session():
    async with connect() as session:
        await check("initialize", initialize, session)
        await check("ping", ping, session)
        await check("tools/list", list_tools, session)
        await check("tools/call echo", call_echo, session)
        await check("tools/call add", call_add, session)
        await check("tools/call count, with progress", call_count, session)
        await check("errors have their codes", errors, session)
        await check("1 MiB of text comes back intact", large_text, session)


async def main():
    print(f"{SDK} at {URL}", flush=True)
    async with anyio.create_task_group() as idlers:
        idlers.start_soon(check, "17 idle seconds", idle)
        idlers.start_soon(check, "keep-alive on an idle stream", keep_alive)
        await check("one session for all of this", one_session)
        await check("50 sessions side by side", parallel_sessions)
        await check("no session after a disconnect", disconnect)
    await check("no complaint of the SDK", no_complaints)


anyio.run(main)
finish()
