"""Compares gateways from stdio servers to HTTP+SSE, in one run: `main.py GATEWAY WORK`.

`.ci/gateway --compare` installs the others, builds this one and runs this.
"""

import argparse
import asyncio
import datetime
import statistics
from pathlib import Path
from types import SimpleNamespace

import behaviour
import figures
import report
from gateways import all_gateways

FULL = SimpleNamespace(rounds=3, sessions=200, openings=50, calls=2000, pairs=200)
QUICK = SimpleNamespace(rounds=1, sessions=20, openings=5, calls=200, pairs=50)


async def run(gateways, size, work):
    columns = {}
    for gateway in gateways:
        log = work / f"{gateway.name}.compare.log"
        log.unlink(missing_ok=True)
        found = {}
        for look in behaviour.ALL:
            print(f"{gateway.name}: {look.__name__}", flush=True)
            found |= await look(gateway, log, size)
        found["version"] = gateway.version()
        columns[gateway.name] = found
    # In turns, so that what else the machine does falls on all of them.
    rounds = {gateway.name: [] for gateway in gateways}
    for turn in range(size.rounds):
        for gateway in gateways:
            print(f"{gateway.name}: figures, round {turn + 1} of {size.rounds}", flush=True)
            log = work / f"{gateway.name}.compare.log"
            rounds[gateway.name].append(await figures.measure(gateway, log, size))
    for name, found in columns.items():
        for figure in rounds[name][0]:
            found[figure] = statistics.median(one[figure] for one in rounds[name])
    return columns


def main():
    options = argparse.ArgumentParser()
    options.add_argument("gateway", type=Path, help="the program mcp-sse-gateway")
    options.add_argument("work", type=Path, help="where the others are installed")
    options.add_argument("--write", type=Path, metavar="FILE", help="put the tables into this page")
    options.add_argument("--check", action="store_true", help="a short run of mcp-sse-gateway alone")
    options = options.parse_args()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    gateways = all_gateways(options.gateway.resolve(), work)
    if options.check:
        size, gateways = QUICK, gateways[:1]
    else:
        size = FULL
    columns = asyncio.run(run(gateways, size, work))
    text = report.tables(columns, size, figures.server_ms(size.openings), datetime.date.today())
    print(text)
    if options.write:
        report.write(options.write, text)
    if problems := list(report.problems(columns["mcp-sse-gateway"])):
        raise SystemExit("\n".join(problems))


main()
