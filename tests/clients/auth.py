"""Two users of the running `auth` example: `auth.py http://127.0.0.1:8000/sse TOKEN_A TOKEN_B`.

Each uses the Python SDK's client. Neither user reaches the session of the other.
"""

import json
import sys
import traceback
import urllib.error
import urllib.request
from contextlib import asynccontextmanager

import anyio
from mcp import ClientSession
from mcp.client.sse import create_mcp_http_client, sse_client

URL, TOKEN_A, TOKEN_B = sys.argv[1:]
BASE = URL.removesuffix("/sse")
METADATA = f"{BASE}/.well-known/oauth-protected-resource"
CHALLENGE = f'Bearer resource_metadata="{METADATA}"'
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def connect(token):
    """An initialized session, and the URI that it posts to."""
    posted = []

    async def on_request(request):
        if request.method == "POST":
            posted.append(str(request.url))

    def client(**options):
        client = create_mcp_http_client(**options)
        client.event_hooks["request"].append(on_request)
        return client

    async with (
        sse_client(URL, headers=bearer(token), httpx_client_factory=client) as (read, write),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session, posted[0]


async def echo(session, text):
    [content] = (await session.call_tool("echo", {"text": text})).content
    equal(content.text, text)


async def request(url, headers, body=None):
    """Returns status, headers and text of the answer. Sends a GET if there is no body."""

    def send():
        ask = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
        try:
            return urllib.request.urlopen(ask, timeout=5)
        except urllib.error.HTTPError as error:
            return error

    def read():
        with send() as answer:
            return answer.status, answer.headers, answer.read().decode()

    return await anyio.to_thread.run_sync(read)


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


async def each_user_works():
    async with connect(TOKEN_A) as (alice, of_alice), connect(TOKEN_B) as (bob, of_bob):
        assert of_alice != of_bob
        await echo(alice, "I am alice")
        await echo(bob, "I am bob")
        await echo(alice, "still alice")


async def without_a_token_nothing_is_open():
    async with connect(TOKEN_A) as (alice, of_alice):
        for headers in [{}, bearer("wrong"), bearer(""), {"Authorization": f"Basic {TOKEN_A}"}]:
            for url, body in [(URL, None), (of_alice, PING)]:
                status, answer, _ = await request(url, headers, body)
                equal((status, answer["WWW-Authenticate"]), (401, CHALLENGE))
        await echo(alice, "still alice")


async def a_session_of_another_is_not_found():
    async with connect(TOKEN_A) as (alice, of_alice):
        unknown = of_alice[:-32] + "0123456789abcdef0123456789abcdef"
        [bobs, missing] = [
            (status, {name: headers[name] for name in headers if name != "date"}, text)
            for status, headers, text in [
                await request(of_alice, bearer(TOKEN_B), PING),
                await request(unknown, bearer(TOKEN_B), PING),
            ]
        ]
        equal((bobs[0], bobs[2]), (404, "Could not find session"))
        equal(bobs, missing)
        status, _, text = await request(of_alice, bearer(TOKEN_A), PING)
        equal((status, text), (202, "Accepted"))
        await echo(alice, "still alice")


async def the_metadata_names_the_resource():
    status, headers, text = await request(METADATA, {})
    equal((status, headers["Content-Type"]), (200, "application/json"))
    document = json.loads(text)
    equal(document["resource"], BASE)
    equal(document["bearer_methods_supported"], ["header"])
    [server] = document["authorization_servers"]
    assert server.startswith("https://"), server


async def main():
    passed = failed = 0
    for test in [
        each_user_works,
        without_a_token_nothing_is_open,
        a_session_of_another_is_not_found,
        the_metadata_names_the_resource,
    ]:
        try:
            with anyio.fail_after(30):
                await test()
            print("ok  ", test.__name__)
            passed += 1
        except Exception:
            traceback.print_exc()
            print("FAIL", test.__name__)
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(anyio.run(main))
