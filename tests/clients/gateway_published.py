"""The Python SDK's client against the gateway in front of mcp-server-time: `gateway_published.py URL`."""

import sys

import anyio
from mcp import ClientSession
from mcp.client.sse import sse_client

from checks import SDK, check, equal, finish, no_complaints


async def use():
    async with sse_client(sys.argv[1]) as (read, write), ClientSession(read, write) as session:
        equal((await session.initialize()).server_info.name, "mcp-time")
        tools = {tool.name for tool in (await session.list_tools()).tools}
        assert "convert_time" in tools, tools
        arguments = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        [content] = (await session.call_tool("convert_time", arguments)).content
        assert "21:00" in content.text, content.text


async def main():
    print(f"{SDK} and mcp-server-time at {sys.argv[1]}")
    await check("initialize, tools/list, tools/call", use)
    await check("no complaint of the SDK", no_complaints)


anyio.run(main)
finish()
