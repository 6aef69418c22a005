"""The Python SDK's client against a gateway in front of a Streamable HTTP server: `gateway_upstream.py URL SERVER`.

SERVER is `http_server`, `everything` or `rmcp`. The gateway must have been started with `--forward-header X-Client`.
"""

import sys
from contextlib import asynccontextmanager

import anyio
import mcp.types as types
from mcp import ClientSession
from mcp.client.sse import sse_client

from checks import SDK, check, equal, finish, no_complaints

URL, SERVER = sys.argv[1:]
CLIENTS = 4
TEXTS = ["Hello", "two\nlines\r\nand \u2028 more", "x" * 500_000]


async def elicit(context, params):
    return types.ElicitResult(action="accept", content={"name": "Ada"})


async def sample(context, params):
    text = types.TextContent(type="text", text="hello")
    return types.CreateMessageResult(role="assistant", content=text, model="none")


async def roots(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///tmp")])


@asynccontextmanager
async def connect(name="one"):
    async with (
        sse_client(URL, headers={"X-Client": name, "Authorization": f"Bearer {name}"}) as (read, write),
        ClientSession(
            read, write, elicitation_callback=elicit, sampling_callback=sample, list_roots_callback=roots
        ) as session,
    ):
        session.initialized = await session.initialize()
        yield session


async def call(session, tool, arguments={}, **options):
    content = (await session.call_tool(tool, arguments, **options)).content
    return content[0].text


async def initialize():
    async with connect() as session:
        name = session.initialized.server_info.name
        assert {"everything": "everything", "http_server": "http_server"}.get(SERVER, "") in name, name
        assert "echo" in {tool.name for tool in (await session.list_tools()).tools}


async def echo():
    async with connect() as session:
        prefix = "Echo: " if SERVER == "everything" else ""
        for text in TEXTS:
            name = "text" if SERVER == "rmcp" else "message"
            equal(await call(session, "echo", {name: text}), prefix + text)


async def progress(session, steps):
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total))

    tool, arguments = ("count", {"to": steps})
    if SERVER == "everything":
        tool, arguments = "trigger-long-running-operation", {"duration": 0.5, "steps": steps}
    await call(session, tool, arguments, progress_callback=on_progress)
    # The SDK calls the callback from its own tasks.
    for _ in range(2000):
        if len(seen) >= steps:
            break
        await anyio.sleep(0.01)
    equal(seen, [(step, steps) for step in range(1, steps + 1)])


async def one_progress():
    async with connect() as session:
        await progress(session, 3)


async def asked_back():
    """Requests from the server to the client, while a call is open."""
    async with connect() as session:
        if SERVER == "everything":
            assert "hello" in await call(session, "trigger-sampling-request", {"prompt": "Say hello"})
            return
        equal(await call(session, "elicit"), "Ada")
        equal(await call(session, "sample"), "hello")
        equal(await call(session, "roots"), "file:///tmp")


async def headers():
    async with connect("me") as session:
        equal(await call(session, "header", {"name": "x-client"}), "me")
        equal(await call(session, "header", {"name": "authorization"}), "Bearer me")
        equal(await call(session, "header", {"name": "x-other"}), "")


async def side_by_side():
    async def one(number):
        async with connect(f"client-{number}") as session:
            await progress(session, 2 + number)
            if SERVER == "http_server":
                equal(await call(session, "header", {"name": "x-client"}), f"client-{number}")

    async with anyio.create_task_group() as tasks:
        for number in range(CLIENTS):
            tasks.start_soon(one, number)


async def main():
    print(f"{SDK} and {SERVER} at {URL}")
    await check("initialize and tools/list", initialize)
    await check("tools/call", echo)
    await check("progress", one_progress)
    if SERVER != "rmcp":
        await check("requests from the server to the client", asked_back)
    if SERVER == "http_server":
        await check("headers", headers)
    await check(f"{CLIENTS} clients side by side", side_by_side)
    await check("no complaint of the SDK", no_complaints)


anyio.run(main)
finish()
