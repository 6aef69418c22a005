"""Checks of a session that gateway.py and gateway_upstream.py share. They document the names of the servers."""

import anyio

from checks import equal


async def call(session, tool, arguments={}, **options):
    return (await session.call_tool(tool, arguments, **options)).content[0].text


def echoed(server, text):
    """What the tool `echo` of a server answers."""
    return f"Echo: {text}" if server == "everything" else text


async def progress(session, server, steps):
    """Fails unless a call reports each of its steps."""
    seen = []

    async def on_progress(progress, total, message):
        seen.append((progress, total))

    tool, arguments = ("count", {"to": steps})
    if server == "everything":
        tool, arguments = "trigger-long-running-operation", {"duration": 0.5, "steps": steps}
    await call(session, tool, arguments, progress_callback=on_progress)
    # The SDK calls the callback from its own tasks.
    for _ in range(2000):
        if len(seen) >= steps:
            break
        await anyio.sleep(0.01)
    equal(seen, [(step, steps) for step in range(1, steps + 1)])
