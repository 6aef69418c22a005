"""What is counted or seen: crossed messages, crashes, cuts, what passes, and refusals.

Each function has a gateway of its own and returns texts for the table.
"""

import asyncio
import contextlib
import json
import signal

import processes
from client import INITIALIZE, SOON, Refused, Session, connect, is_answer, status_of, text_of

TOKEN = "0123456789abcdef"


async def two_clients(gateway, log, size):
    """Two clients send calls with the same ids at the same time."""
    async with gateway.run(log) as running:
        seen = {}
        first = await connect(running.port)
        try:
            second = await connect(running.port)
        except (OSError, AssertionError, EOFError) as error:
            return {"second": f"fails: {error or type(error).__name__}"}
        seen["second"] = "served" if running.lives() else "the gateway ended"

        async def send(session, name):
            for id_ in range(100, 100 + size.pairs):
                params = {"name": "echo", "arguments": {"text": f"{name} {id_}"}}
                await session.post({"id": id_, "method": "tools/call", "params": params})

        await asyncio.gather(send(first, "first"), send(second, "second"))
        for session, name in ((first, "first"), (second, "second")):
            for id_ in range(100, 100 + size.pairs):
                await session.take(lambda message: is_own(message, f"{name} {id_}"), SOON)
        # What was taken was its own. The other answers to calls belong to the other client.
        await asyncio.sleep(0.5)
        rest = [one for session in (first, second) for one in session.messages]
        crossed = sum("content" in one.get("result", {}) for one in rest)
        return seen | {"crossed": f"{crossed} of {2 * size.pairs}"}


def is_own(message, text):
    return "result" in message and text_of(message) == text


async def state(gateway, log, size):
    async with gateway.run(log) as running:
        first, second = await connect(running.port), await connect(running.port)
        await first.call("keep", text="secret")
        kept = await second.call("keep", text="mine")
        return {"state": "yes" if "secret" in kept else "no"}


async def crash(gateway, log, size):
    """The server ends while a call is open."""
    seen = {}
    async with gateway.run(log) as running:
        other = await connect(running.port)
        session = await connect(running.port)
        answer = await session.call("crash", SOON)
        seen["crash_client"] = "no answer" if answer is None else f"“{answer}”"
        if answer is None and session.ended:
            seen["crash_client"] = "no answer, its stream ends"
        seen["crash_other"] = await works(other)
        seen["crash_next"] = await opens(running)
        return seen


async def works(session):
    try:
        answer = await session.call("echo", SOON, text="still here")
    except OSError:
        return "no: the gateway ended"
    if answer == "still here":
        return "yes"
    return "no answer" if answer is None else f"no: “{answer}”"


async def opens(running):
    """Whether a new client is served."""
    try:
        session = await Session.open(running.port)
        if not await session.initialize(SOON):
            return "no answer"
        return await works(session)
    except (OSError, EOFError, Refused):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running.process.wait(), SOON)
        return "no" if running.lives() else "no: the gateway ended"


async def cut(gateway, log, size):
    """A client is gone while its call is open."""
    async with gateway.run(log) as running:
        session = await connect(running.port)
        pid = int(await session.call("pid"))
        await session.ask("tools/call", {"name": "wait", "arguments": {}}, 0.2)
        session.cut()
        seen = {"cut_server": "goes on"}
        for _ in range(SOON * 20):
            if pid not in running.servers():
                seen["cut_server"] = "ends"
                break
            await asyncio.sleep(0.05)
        seen["cut_next"] = await opens(running)
        return seen


async def passing(gateway, log, size):
    """Progress, a request of the server, and a cancellation."""
    async with gateway.run(log) as running:
        session = await connect(running.port)
        await session.call("progress", meta={"progressToken": "token"})
        progress = await session.take(lambda one: one.get("method") == "notifications/progress", SOON)
        right = progress and progress["params"]["progressToken"] == "token"
        seen = {"progress": "yes" if right else "no"}

        params = {"name": "ask", "arguments": {}}
        await session.post({"id": "ask", "method": "tools/call", "params": params})
        asked = await session.take(lambda one: one.get("method") == "sampling/createMessage", SOON)
        if asked:
            content = {"type": "text", "text": "hello"}
            result = {"role": "assistant", "content": content, "model": "none"}
            await session.post({"id": asked["id"], "result": result})
        answer = await session.take(lambda one: is_answer(one, "ask"), SOON)
        seen["ask"] = "yes" if answer and text_of(answer) == "answered" else "no"

        params = {"name": "wait", "arguments": {}}
        await session.post({"id": "wait", "method": "tools/call", "params": params})
        await session.post({"method": "notifications/cancelled", "params": {"requestId": "wait"}})
        await asyncio.sleep(0.5)
        seen["cancel"] = "yes" if await session.call("cancelled") == "1" else "no"
        return seen


async def stop(gateway, log, size):
    """SIGTERM while a call is open."""
    async with gateway.run(log) as running:
        session = await connect(running.port)
        servers = running.servers()
        await session.post({"id": "open", "method": "tools/call", "params": {
            "name": "sleep", "arguments": {"seconds": 1}}})  # fmt: skip
        # The server has it when it answers the next one.
        await session.call("echo", text="")
        running.process.send_signal(signal.SIGTERM)
        answer = await session.take(lambda one: is_answer(one, "open"), SOON)
        seen = {"stop_call": "answered" if answer and text_of(answer) == "slept" else "lost"}
        try:
            async with asyncio.timeout(SOON * 2):
                status = await running.process.wait()
            seen["stop_status"] = f"status {status}" if status >= 0 else f"killed by signal {-status}"
        except TimeoutError:
            seen["stop_status"] = f"still runs after {SOON * 2} s"
        for _ in range(SOON * 20):
            left = [pid for pid in servers if processes.is_server(pid)]
            if not left:
                break
            await asyncio.sleep(0.05)
        seen["stop_left"] = str(len(left))
        return seen


async def security(gateway, log, size):
    json_type = {"content-type": "application/json"}
    async with gateway.run(log, token=TOKEN) as running:
        port = running.port
        token = {"authorization": f"Bearer {TOKEN}"}
        seen = {"listens": processes.listens_on(port)}
        evil = {"host": "evil.example.com"}
        page = {"origin": "https://evil.example.com"}
        seen["host_get"] = await status_of(port, "GET /sse", {**token, **evil})
        seen["origin_get"] = await status_of(port, "GET /sse", {**token, **page})
        ping = b'{"jsonrpc":"2.0","id":"p","method":"ping"}'
        for name, headers in {
            "host_post": {**token, **evil, **json_type},
            "origin_post": {**token, **page, **json_type},
            "text_post": {**token, "content-type": "text/plain"},
            "token_post": json_type,
        }.items():
            # A refusal may end a session.
            session = await connect(port, token)
            seen[name] = await status_of(port, f"POST {session.uri}", headers, ping)
        session = await connect(port, token)
        body = INITIALIZE | {"pad": "x" * 5_000_000}
        seen["large_post"] = await session.post({"id": "l", "method": "ping", "params": body})
        initialize = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
        initialize = json.dumps(initialize).encode()
        accept = {"accept": "application/json, text/event-stream"}
        status = await status_of(port, "POST /mcp", {**token, **json_type, **accept}, initialize)
        seen["streamable"] = "yes" if status == 200 else f"no ({status})"
        return {name: str(text) for name, text in seen.items()}


ALL = [two_clients, state, crash, cut, passing, stop, security]
