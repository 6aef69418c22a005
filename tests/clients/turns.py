"""Runs checks side by side."""

import asyncio
import time
import traceback


async def side_by_side(at_a_time, checks):
    """Runs each check, and prints what became of it. `checks` have a name, a function that returns what is
    wrong, or None, and optionally an event that it waits for. Returns how many fail.

    Checks measure seconds, and share the processors: one that fails must fail alone, too.
    """
    turns, again = asyncio.Semaphore(at_a_time), []

    async def one(name, check):
        start = time.monotonic()
        try:
            problem = await check()
        except Exception as error:
            problem = "".join(traceback.format_exception(error))
        state = "FAILED" if problem else "ok    "
        print(f"{state} {name} in {time.monotonic() - start:.0f} s", flush=True)
        if problem:
            print(problem, flush=True)
        return problem is None

    async def in_turn(name, check, event=None):
        if event:
            await event.wait()
        async with turns:
            if not await one(name, check):
                again.append((name, check))

    async with asyncio.TaskGroup() as tasks:
        for each in checks:
            tasks.create_task(in_turn(*each))
    failed = 0
    for name, check in again:
        print(f"once more, alone: {name}", flush=True)
        failed += not await one(name, check)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed
