"""The Python SDK's clients against the running `rmcp` example: `rmcp.py http://127.0.0.1:8000`.

All features of MCP in a session, over HTTP+SSE, over Streamable HTTP, and with a client that tries both.
"""

import sys
import warnings
from contextlib import asynccontextmanager

import anyio
import mcp
from mcp import ClientSession, types
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from checks import SDK, check, complaints, equal, finish, no_complaints

BASE = sys.argv[1]
SDK_2 = hasattr(mcp, "MCPError")
McpError = mcp.MCPError if SDK_2 else mcp.McpError

# Warnings about subscriptions and logging, which old sessions have.
warnings.simplefilter("ignore")


class Seen:
    """Records the notifications and the requests of the server."""

    def __init__(self):
        self.updates, self.logs, self.asked = [], [], []

    async def on_message(self, message):
        if isinstance(message, Exception):
            complaints.append(repr(message))
        message = getattr(message, "root", message)
        if getattr(message, "method", None) == "notifications/resources/updated":
            self.updates.append(str(message.params.uri))

    async def on_log(self, params):
        self.logs.append((params.level, params.data))

    async def on_sampling(self, context, params):
        self.asked.append(params.messages[0].content.text)
        content = types.TextContent(type="text", text="Because.")
        return types.CreateMessageResult(role="assistant", content=content, model="a model")

    async def on_elicitation(self, context, params):
        self.asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async def on_roots(self, context):
        self.asked.append("roots")
        return types.ListRootsResult(roots=[types.Root(uri="file:///a")])


@asynccontextmanager
async def connect(client, path):
    seen = Seen()
    async with (
        client(BASE + path) as (read, write, *_),
        ClientSession(
            read,
            write,
            message_handler=seen.on_message,
            logging_callback=seen.on_log,
            sampling_callback=seen.on_sampling,
            elicitation_callback=seen.on_elicitation,
            list_roots_callback=seen.on_roots,
        ) as session,
    ):
        session.initialized = await session.initialize()
        yield session, seen


async def call(session, name, arguments=None, **options):
    [content] = (await session.call_tool(name, arguments or {}, **options)).content
    return content.text


async def until(condition):
    """Waits, because SDK 2 calls callbacks from its own tasks."""
    for _ in range(2000):
        if condition():
            return
        await anyio.sleep(0.01)
    raise AssertionError("it did not come")


async def tools(session, seen):
    names = {tool.name for tool in (await session.list_tools()).tools}
    assert {"add", "count", "ask_model"} <= names, names
    equal(await call(session, "add", {"a": 2, "b": 0.5}), "2.5")
    text = 'a line\nanother \u2028 "quoted" 😀' * 1000
    equal(await call(session, "echo", {"text": text}), text)
    assert "python" in await call(session, "user_agent")
    try:
        result = await session.call_tool("add", {"a": "one", "b": 2})
        assert result.model_dump(by_alias=True)["isError"], result
    except McpError as error:
        equal(error.error.code, -32602)


async def progress(session, seen):
    steps = []

    async def on_progress(progress, total, message):
        steps.append((progress, total))

    equal(await call(session, "count", {"to": 3}, progress_callback=on_progress), "counted to 3")
    await until(lambda: len(steps) >= 3)
    equal(steps, [(1, 3), (2, 3), (3, 3)])


async def logging(session, seen):
    await session.set_logging_level("warning")
    equal(await call(session, "log", {"text": "a line"}), "logged")
    await until(lambda: len(seen.logs) >= 2)
    equal(seen.logs, [("warning", "a line"), ("error", "a line")])


async def resources(session, seen):
    written = [await call(session, "note", {"text": f"note {number}"}) for number in range(5)]
    listed, cursor, pages = [], None, 0
    while True:
        params = types.PaginatedRequestParams(cursor=cursor)
        page = await session.list_resources(params=params)
        listed += [str(resource.uri) for resource in page.resources]
        cursor = page.model_dump(by_alias=True)["nextCursor"]
        pages += 1
        if not cursor:
            break
    assert set(written) <= set(listed) and pages > 1, (pages, listed)
    [content] = (await session.read_resource(written[2])).contents
    equal(content.text, "note 2")

    await session.subscribe_resource("note://last")
    await call(session, "note", {"text": "seen"})
    await until(lambda: seen.updates)
    equal(seen.updates, ["note://last"])
    await session.unsubscribe_resource("note://last")
    await call(session, "note", {"text": "unseen"})
    await session.send_ping()
    equal(len(seen.updates), 1)


async def prompts(session, seen):
    [prompt] = (await session.list_prompts()).prompts
    filled = await session.get_prompt(prompt.name, {"name": "Ada", "language": "French"})
    equal(filled.messages[0].content.text, "Please greet Ada in French.")
    reference = types.PromptReference(type="ref/prompt", name=prompt.name)
    completed = await session.complete(reference, {"name": "language", "value": "Fr"})
    equal(completed.completion.values, ["French", "Frisian"])


async def questions(session, seen):
    equal(await call(session, "ask_model", {"question": "Why?"}), "Because.")
    equal(await call(session, "ask_name"), "Hello, Ada")
    equal(await call(session, "ask_roots"), "file:///a")
    equal(seen.asked, ["Why?", "Who are you?", "roots"])


async def all_of_it(client, path):
    async with connect(client, path) as (session, seen):
        found = session.initialized.model_dump(by_alias=True)
        equal(found["serverInfo"]["name"], "everything")
        for feature in [tools, progress, logging, resources, prompts, questions]:
            await check(f"{path}: {feature.__name__}", feature, session, seen)


async def vanish():
    """If a client disconnects during a tool call, the tool is cancelled."""
    async with connect(sse_client, "/sse") as (watcher, seen):
        await watcher.subscribe_resource("note://last")
        async with connect(sse_client, "/sse") as (session, _), anyio.create_task_group() as tasks:
            tasks.start_soon(call, session, "work")
            await until(lambda: seen.updates)
            tasks.cancel_scope.cancel()
        await until(lambda: len(seen.updates) >= 2)
        [content] = (await watcher.read_resource("note://last")).contents
        equal(content.text, "work was cancelled")


async def no_handshake():
    """The client of SDK 2 discovers the server's versions, and needs no handshake."""
    for server in [sse_client(BASE + "/sse"), sse_client(BASE + "/both"), BASE + "/both"]:
        async with mcp.Client(server) as client:
            equal(str(client.protocol_version), "2026-07-28")
            [content] = (await client.call_tool("add", {"a": 1, "b": 1})).content
            equal(content.text, "2")


async def new_or_old(path, expected):
    """Applications that must reach servers of both kinds do the same."""
    for client in [streamable_http_client, sse_client]:
        try:
            async with connect(client, path) as (session, _):
                equal(await call(session, "add", {"a": 1, "b": 1}), "2")
                equal(client.__name__, expected)
                return
        except AssertionError:
            raise
        except Exception as error:
            print(f"       {client.__name__} at {path}: {error!r:.100}")
    raise AssertionError(f"nothing works at {path}")


async def main():
    print(f"{SDK} at {BASE}", flush=True)
    for path in ["/sse", "/both"]:
        await check(f"HTTP+SSE at {path}", all_of_it, sse_client, path)
    await check("a client that vanishes in a tool call", vanish)
    if SDK_2:
        await check("a session without a handshake", no_handshake)
    await check("no complaint of the SDK", no_complaints)
    # The SDK complains about rmcp's answer to its `DELETE`.
    for path in ["/mcp", "/both"]:
        await check(f"Streamable HTTP at {path}", all_of_it, streamable_http_client, path)
    await check("new or old at /mcp", new_or_old, "/mcp", "streamable_http_client")
    await check("new or old at /both", new_or_old, "/both", "streamable_http_client")
    await check("new or old at /sse", new_or_old, "/sse", "sse_client")


anyio.run(main)
finish()
