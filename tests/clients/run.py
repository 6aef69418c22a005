"""Runs real clients against a server of this workspace, and compares what they do with `clients.toml`.

run.py SERVER WORK                    all clients
run.py SERVER WORK NAME...            those with these names, or whose names begin with NAME and a dash
run.py SERVER WORK --prepare NAME...  installs and builds these, and runs none
run.py SERVER WORK --table FILE       all; if they pass, writes the table of the docs into FILE

SERVER is the testkit's program `clients`. WORK is a folder that keeps what is installed for the next run.

A client is a program that is called with three base URLs: of the server, of a proxy before it, and of the proxy's
control port. It prints one line of JSON for each check: `{"check": "ping", "found": "ok", "note": "…"}`. What it
prints besides goes to its log, WORK/NAME.log.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import sys
import time
import tomllib
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from stage import Proxy, Server
from table import write_table
from turns import side_by_side

HERE = Path(__file__).parent
# Clients that run at a time. They wait for most of it.
AT_A_TIME = 4
# A client that is not done by then is ended.
PATIENCE = 240


class Client:
    def __init__(self, name, about, checks, work):
        self.name, self.checks, self.work = name, checks, work
        self.title, self.version = about["title"], about["version"]
        self.folder = about["folder"]
        self.limits = about.get("limits", {})
        self.notes = about.get("notes", {})
        fill = {"work": work, "home": work / self.folder, "version": self.version, "name": name}
        self.prepare = [[part.format(**fill) for part in line] for line in about.get("prepare", [])]
        self.run = [part.format(**fill) for part in about["run"]]
        self.log = work / f"{name}.log"
        self.found = {}
        if pins := about.get("pinned_in"):
            text = (HERE / self.folder / pins).read_text()
            assert self.version in text, f"{name}: {pins} does not have {self.version}"

    def problems(self):
        """Why this run does not pass."""
        for check in self.checks:
            found, note = self.found.get(check, ("missing", ""))
            limit = self.limits.get(check)
            expected = limit["found"] if limit else "ok"
            if not re.fullmatch(expected, found):
                yield f"{check}: found {found!r}, expected {expected!r}. {note}"
            elif not limit:
                pattern = self.notes.get(check, self.checks[check].get("note", ""))
                if not re.search(pattern, note):
                    yield f"{check}: the user reads {note!r}, without {pattern!r}"


async def prepare(client, done):
    """Installs or builds it. Some clients share a folder, in which each command runs once."""
    home = client.work / client.folder
    shutil.copytree(HERE / client.folder, home, dirs_exist_ok=True)
    for command in client.prepare:
        if tuple(command) in done:
            continue
        done.add(tuple(command))
        # Registries fail at times.
        for turn in range(2):
            with client.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *command, cwd=home, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
                )
            if await process.wait() == 0:
                break
            await asyncio.sleep(5)
        else:
            raise SystemExit(f"{client.name}: {' '.join(command)} failed, see {client.log}")


async def run(client, server_program):
    start = time.monotonic()
    server = Server([server_program], client.work / f"{client.name}.server.log")
    url = await server.start()
    proxy = Proxy(urlsplit(url).port)
    proxied, control = await proxy.start()
    try:
        with client.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *client.run, url, proxied, control,
                cwd=client.work / client.folder, stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE, stderr=log, limit=2**24, start_new_session=True,
            )  # fmt: skip
            try:
                async with asyncio.timeout(PATIENCE):
                    async for line in process.stdout:
                        log.write(b"%.1f s: %s" % (time.monotonic() - start, line))
                        log.flush()
                        note_down(client, line)
                    await process.wait()
            except TimeoutError:
                print(f"{client.name}: not done after {PATIENCE} s")
            finally:
                try:
                    os.killpg(process.pid, 9)
                except ProcessLookupError:
                    pass
    finally:
        proxy.stop()
        await server.stop()


def note_down(client, line):
    if line.startswith(b'{"check"') or line.startswith(b'{ "check"'):
        told = json.loads(line)
        client.found[told["check"]] = (told["found"], told.get("note", ""))


async def main():
    options = argparse.ArgumentParser()
    options.add_argument("server")
    options.add_argument("work", type=Path)
    options.add_argument("names", nargs="*")
    options.add_argument("--table", type=Path)
    options.add_argument("--prepare", action="store_true")
    options = options.parse_intermixed_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    listed = tomllib.loads((HERE / "clients.toml").read_text())
    clients = [
        Client(name, about, listed["checks"], work)
        for name, about in listed["client"].items()
        if not options.names
        or any(name == wanted or name.startswith(f"{wanted}-") for wanted in options.names)
    ]
    if not clients:
        raise SystemExit(f"clients.toml has no client {' '.join(options.names)}")
    for client in clients:
        client.log.unlink(missing_ok=True)

    ready = [asyncio.Event() for _ in clients]

    async def prepare_all():
        done = set()
        for client, event in zip(clients, ready):
            start = time.monotonic()
            await prepare(client, done)
            if (seconds := time.monotonic() - start) > 1:
                print(f"{client.name}: prepared in {seconds:.0f} s", flush=True)
            event.set()

    async def check(client):
        client.found.clear()
        await run(client, options.server)
        return "\n".join(f"       {problem}" for problem in client.problems()) or None

    if options.prepare:
        await prepare_all()
        return 0
    checks = [
        (f"{client.name} {client.version}", partial(check, client), event)
        for client, event in zip(clients, ready)
    ]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(prepare_all())
        failed = await side_by_side(AT_A_TIME, checks)
    if options.table and not failed:
        write_table(options.table, listed["groups"], listed["checks"], clients, listed["untested"])
    return failed > 0


sys.exit(asyncio.run(main()))
