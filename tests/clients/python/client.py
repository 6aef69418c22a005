"""The Python SDK's client, of version 1 or 2: `client.py SERVER PROXY CONTROL`, or as a client of a bridge from stdio
to HTTP+SSE: `client.py --bridge COMMAND... -- SERVER PROXY CONTROL`."""

import json
import logging
import sys
import time
import urllib.request
import warnings
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import mcp
from mcp import ClientSession, StdioServerParameters, stdio_client, types
from mcp.client.sse import sse_client

warnings.simplefilter("ignore")
if sys.argv[1] == "--bridge":
    end = sys.argv.index("--")
    BRIDGE, (SERVER, PROXY, CONTROL) = sys.argv[2:end], sys.argv[end + 1 :]
else:
    BRIDGE, (SERVER, PROXY, CONTROL) = None, sys.argv[1:]
logged = []


class Logged(logging.Handler):
    def emit(self, record):
        logged.append(logging.Formatter().format(record))


logging.getLogger().addHandler(Logged())
SDK_2 = hasattr(mcp, "MCPError")
McpError = mcp.MCPError if SDK_2 else mcp.McpError
PIECE = "\u2028 \u2029 \x85 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n"


async def on_roots(context):
    return types.ListRootsResult(roots=[types.Root(uri="file:///a")])


def transport(url):
    if BRIDGE:
        command, *arguments = [part.replace("URL", url) for part in BRIDGE]
        return stdio_client(StdioServerParameters(command=command, args=arguments), sys.stderr)
    return sse_client(url)


@asynccontextmanager
async def connect(name="all", base=SERVER):
    async with (
        transport(f"{base}/{name}/sse") as (read, write),
        ClientSession(read, write, list_roots_callback=on_roots) as session,
    ):
        session.initialized = await session.initialize()
        yield session


async def call(session, tool, arguments={}, seconds=20, **options):
    timeout = seconds if SDK_2 else timedelta(seconds=seconds)
    result = await session.call_tool(tool, arguments, read_timeout_seconds=timeout, **options)
    if result.model_dump(by_alias=True).get("isError"):
        raise RuntimeError(result.content[0].text)
    return result.content[0].text


def equal(found, expected):
    assert found == expected, f"{found!r:.200} is not {expected!r:.200}"


async def until(condition):
    start = time.monotonic()
    while not await condition():
        # Not with `fail_after`: SDK 1 ends the session if a call is cancelled while its answer arrives.
        if time.monotonic() - start > 5:
            raise TimeoutError
        await anyio.sleep(0.02)


def text_of(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def tell(check, found, note=""):
    print(json.dumps({"check": check, "found": found, "note": note[:300]}), flush=True)


async def check(name, function, *arguments, seconds=60):
    try:
        with anyio.fail_after(seconds):
            note = await function(*arguments)
        tell(name, "ok", note or "")
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        tell(name, text_of(error)[:300])


async def fails(function, within=1):
    """The error of a call, which must come soon."""
    start = time.monotonic()
    try:
        await function()
    except Exception as error:
        took = time.monotonic() - start
        assert took < within, f"error after {took:.0f} s: {text_of(error)}"
        return text_of(error)
    raise AssertionError("no error")


async def connected(session):
    found = session.initialized.model_dump(by_alias=True)
    equal(found["serverInfo"]["name"], "clients")


async def ping(session):
    for _ in range(3):
        await session.send_ping()


async def listed(session):
    names = [tool.name for tool in (await session.list_tools()).tools]
    assert "echo" in names and "end" in names, names


async def tools(session):
    equal(await call(session, "echo", {"text": "Hello"}), "Hello")
    equal(float(await call(session, "add", {"a": 2, "b": 0.5})), 2.5)


async def progress(session):
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total))

    equal(await call(session, "count", {"to": 3}, progress_callback=on_progress), "counted to 3")

    async def all_seen():
        return len(seen) >= 3

    await until(all_seen)
    equal(seen, [(1, 3), (2, 3), (3, 3)])


async def error(session):
    try:
        await call(session, "fail")
    except McpError as error:
        equal(error.error.code, -32000)
        return str(error)
    raise AssertionError("no error")


async def cancel(session):
    before = await call(session, "cancelled")
    with anyio.move_on_after(0.3):
        await call(session, "wait", {"ms": 10000})

    async def cancelled():
        return await call(session, "cancelled") != before

    await until(cancelled)


async def ask(session):
    assert "file:///a" in await call(session, "ask", {"method": "roots/list"})


async def large(session, size, more=""):
    text = PIECE * (size // len(PIECE.encode())) + more
    assert await call(session, "echo", {"text": text}) == text, "another text"


async def very_large():
    async with connect() as session:
        await large(session, 200 * 1024, "x" * 900 * 1024)


async def side_by_side():
    everyone, here = anyio.Event(), []

    async def one(number):
        async with connect() as session:
            here.append(number)
            if len(here) == 20:
                everyone.set()
            await everyone.wait()
            for turn in range(10):
                text = f"session {number}, turn {turn}"
                equal(await call(session, "echo", {"text": text}), text)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, number)


async def keep_alive():
    async with connect("fast") as session:
        for turn in range(65):
            equal(await call(session, "echo", {"text": str(turn)}), str(turn))
            await anyio.sleep(0.05)


async def silence():
    async with connect("silence") as session:
        await anyio.sleep(14)
        equal(await call(session, "echo", {"text": "still here"}), "still here")


async def ended(how):
    async with connect(f"end-{how}") as session:
        return await fails(lambda: call(session, "end", {"how": how}, 5), within=1.5)


async def idle():
    async with connect("idle") as session:
        return await fails(lambda: call(session, "wait", {"ms": 60000}, 10), within=4)


async def drain():
    await drained(list_first=True)
    if BRIDGE:
        return  # the rest is not the bridge's
    try:
        await drained(list_first=False)
    except Exception as error:
        raise AssertionError("only if the tools are listed first") from error


async def drained(list_first):
    async with connect("drain") as session:
        if list_first:
            await session.list_tools()
        equal(await call(session, "end", {"how": "drain"}, 5), "done")


async def body_5m():
    """The SDK logs the refusal, and the call runs into its timeout."""
    async with connect() as session:
        try:
            await call(session, "echo", {"text": "x" * 5_000_000}, 5)
        except Exception as error:
            if "413" in text_of(error):
                return text_of(error)
            for line in logged:
                if "'413 " in line:
                    raise AssertionError("413 is in the log only") from error
            raise
        raise AssertionError("no error")


async def body_gone():
    async with connect("gone") as session:
        await fails(lambda: call(session, "end", {"how": "close"}, 2), within=3)
        return await fails(lambda: call(session, "echo", {"text": "x" * 3_000_000}, 10), within=5)


async def cut(how):
    await anyio.to_thread.run_sync(lambda: urllib.request.urlopen(f"{CONTROL}/cut/{how}").read())


async def comes_back():
    async with connect("back", PROXY) as session:
        equal(await call(session, "echo", {"text": "before"}), "before")
        await cut("all")
        last = "?"
        for _ in range(6):
            try:
                equal(await call(session, "echo", {"text": "after"}, 2), "after")
                return
            except Exception as error:
                last = text_of(error)
            await anyio.sleep(1)
        raise AssertionError(f"never: {last}")


async def cut_open():
    async with connect("back-open", PROXY) as session, anyio.create_task_group() as tasks:
        tasks.start_soon(after, 0.3, cut, "all")
        return await fails(lambda: call(session, "wait", {"ms": 60000}, 5), within=4)


async def after(seconds, function, *arguments):
    await anyio.sleep(seconds)
    await function(*arguments)


async def one_session():
    async with connect() as session:
        await check("connect", connected, session)
        await check("ping", ping, session)
        await check("list", listed, session)
        await check("tools", tools, session)
        await check("progress", progress, session)
        await check("error", error, session)
        await check("cancel", cancel, session)
        await check("ask", ask, session)
        await check("text", large, session, 200 * 1024)


async def cuts():
    # One after the other: a cut is for all connections.
    await check("cut_open", cut_open)
    await check("cut", comes_back)


async def all_checks():
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(check, "silence", silence)
        tasks.start_soon(check, "keep_alive", keep_alive)
        tasks.start_soon(cuts)
        await check("one session", one_session)
        await check("text_1m", very_large)
        for how in ["close", "return", "fail", "panic", "deadline"]:
            await check(f"end_{how}", ended, how)
        await check("end_idle", idle)
        await check("drain", drain)
        await check("body_5m", body_5m)
        await check("body_gone", body_gone)
        await check("sessions", side_by_side)


anyio.run(all_checks)
