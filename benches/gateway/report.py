"""The tables of a run, what this gateway must do, and the page."""

import os
import platform

BEGIN = "<!-- Made by `.ci/gateway --compare`: begin -->\n"
END = "<!-- end -->\n"


def unit(name):
    return lambda found: f"{found[name]:,.0f}" if found[name] >= 10 else f"{found[name]:.1f}"


FIGURES = [
    ("start of the program to its first answer, ms", unit("start_ms")),
    ("a new client to its first answer, ms", unit("open_ms")),
    ("memory of the gateway before the first client, KiB", unit("start_kib")),
    ("memory of one more idle session in the gateway, KiB", unit("session_kib")),
    ("processes of the server / sessions", lambda found: f"{found['servers']:.0f} / {found['servers_of']:.0f}"),
    ("memory of these processes for each session, KiB", unit("servers_kib")),
    ("CPU time of the gateway for one call, µs", unit("cpu_us")),
    ("the same with its log off, µs", unit("quiet_cpu_us")),
    ("one call, from its `POST` to its answer, µs", unit("call_us")),
]

# The row's text, its name in a run, and what this gateway must have there.
BEHAVIOUR = [
    ("**Two clients at once**", None, None),
    ("a second client while the first one is connected", "second", "served"),
    ("answers that also reach the other client", "crossed", "0 of "),
    ("a client sees what the server keeps for another one", "state", "no"),
    ("**The server crashes during a call**", None, None),
    ("its client reads", "crash_client", "“error: the server ended before it answered: exit status: 3”"),
    ("another client, connected before, goes on", "crash_other", "yes"),
    ("the next client is served", "crash_next", "yes"),
    ("**A client is cut off during a call**", None, None),
    ("its server process", "cut_server", "ends"),
    ("the next client is served", "cut_next", "yes"),
    ("**What passes**", None, None),
    ("progress", "progress", "yes"),
    ("a request of the server to its client (sampling)", "ask", "yes"),
    ("a cancellation", "cancel", "yes"),
    ("**SIGTERM during a call of 1 s**", None, None),
    ("the call", "stop_call", "answered"),
    ("the gateway ends with", "stop_status", "status 0"),
    ("processes of the server that are left", "stop_left", "0"),
    ("**Refusals: the status**", None, None),
    ("`GET` with a foreign `Host`", "host_get", "421"),
    ("`GET` with a foreign `Origin`", "origin_get", "403"),
    ("`POST` with a foreign `Host`", "host_post", "421"),
    ("`POST` with a foreign `Origin`", "origin_post", "403"),
    ("`POST` as `text/plain`, which a page may send without a preflight", "text_post", "400"),
    ("`POST` without the bearer token that opened the session", "token_post", "401"),
    ("`POST` of 5 MB", "large_post", "413"),
    ("**Addresses**", None, None),
    ("listens on, if only the port is chosen", "listens", "127.0.0.1"),
    ("Streamable HTTP too, at `/mcp`", "streamable", ""),
]


def row(cells):
    return f"| {' | '.join(cells)} |"


def tables(columns, size, server_ms, today):
    names = [f"{name} {found['version']}" for name, found in columns.items()]
    align = row(["---"] + ["--:"] * len(columns))
    lines = [
        f"Run on {today}, on {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}. The stdio server alone answers {server_ms:.0f} ms after its start.",
        "",
        row(["", *names]),
        align,
    ]
    for text, cell in FIGURES:
        lines.append(row([text, *[cell(found) for found in columns.values()]]))
    lines += [
        "",
        f"Medians of {size.rounds} rounds. A round has one start, {size.openings} new clients, {size.sessions} idle sessions, "
        f"and {size.calls:,} calls of 64 B, one after another.",
        "",
        row(["", *names]),
        row(["---"] * (len(columns) + 1)),
    ]
    for text, name, _ in BEHAVIOUR:
        cells = [found.get(name, "not reached") if name else "" for found in columns.values()]
        lines.append(row([text, *cells]))
    return "\n".join(lines)


def problems(found):
    """What this gateway does not do as its page says."""
    for text, name, expected in BEHAVIOUR:
        if name and not (seen := found.get(name, "not reached")).startswith(expected):
            yield f"{text}: found {seen!r}, expected {expected!r}"


def write(file, text):
    """Replaces what is between BEGIN and END in a file."""
    before, rest = file.read_text().split(BEGIN)
    after = rest.split(END)[1]
    file.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}")
