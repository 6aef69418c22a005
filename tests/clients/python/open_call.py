"""The Python SDK's client with a call that is open when the server ends the session: `open_call.py URL TOOL
ARGUMENTS`."""

import json
import sys

import anyio
from mcp import ClientSession
from mcp.client.sse import sse_client

URL, TOOL, ARGUMENTS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


async def on_progress(progress, total, message):
    pass


async def main():
    async with sse_client(URL) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        print("open", flush=True)
        try:
            found = f"no error: {await session.call_tool(TOOL, ARGUMENTS, progress_callback=on_progress)}"
        except Exception as error:
            found = str(error)
        print(json.dumps({"check": "open_call", "found": found}), flush=True)


anyio.run(main)
