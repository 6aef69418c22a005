"""Runs checks one by one, prints a line for each, and counts them."""

import logging
import sys
import traceback
from importlib.metadata import version

import anyio

SDK = f"Python SDK {version('mcp')}"

# The complaints of the SDK: errors that it passes to a callback, and its log messages from the level
# warning on. It continues after most of them.
complaints = []


class Complaints(logging.Handler):
    def emit(self, record):
        complaints.append(self.format(record))


logging.getLogger().addHandler(Complaints(logging.WARNING))

passed = failed = 0


async def check(name, function, *arguments, seconds=60):
    """Calls a function. It fails if it raises."""
    global passed, failed
    try:
        with anyio.fail_after(seconds):
            await function(*arguments)
    except Exception:
        failed += 1
        traceback.print_exc(file=sys.stdout)
        print(f"FAILED {name}", flush=True)
    else:
        passed += 1
        print(f"ok     {name}", flush=True)


async def no_complaints():
    assert not complaints, "\n".join(complaints)


def finish():
    """Prints the last line and returns the exit status."""
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(failed > 0 or passed == 0)


def equal(found, expected):
    assert found == expected, f"{found!r:.300} is not {expected!r:.300}"
