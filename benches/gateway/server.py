"""A small stdio server, the same behind each gateway. It starts fast, and answers calls in any order.

It uses the standard library only: `python3 -I -S server.py`.
"""

import json
import os
import sys
import threading

kept = []
# Calls that wait for something else than the time, by what they wait for.
waiting = {}
cancelled = 0
lock = threading.Lock()


def send(message):
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def answer(id_, text):
    send({"id": id_, "result": {"content": [{"type": "text", "text": text}]}})


def later(id_, seconds):
    timer = threading.Timer(seconds, answer, (id_, "slept"))
    timer.daemon = True
    timer.start()


def call(id_, params):
    arguments = params.get("arguments", {})
    match params["name"]:
        case "echo":
            answer(id_, arguments["text"])
        case "keep":
            kept.append(arguments["text"])
            answer(id_, " ".join(kept))
        case "pid":
            answer(id_, str(os.getpid()))
        case "sleep":
            later(id_, arguments["seconds"])
        case "wait":
            pass
        case "cancelled":
            answer(id_, str(cancelled))
        case "progress":
            token = params.get("_meta", {}).get("progressToken")
            progress = {"progressToken": token, "progress": 1, "total": 2}
            send({"method": "notifications/progress", "params": progress})
            answer(id_, "done")
        case "ask":
            waiting["ask"] = id_
            text = {"type": "text", "text": "Say hello"}
            params = {"messages": [{"role": "user", "content": text}], "maxTokens": 9}
            send({"id": "ask", "method": "sampling/createMessage", "params": params})
        case "crash":
            os._exit(3)


TOOLS = ["echo", "keep", "pid", "sleep", "wait", "cancelled", "progress", "ask", "crash"]

for line in sys.stdin:
    message = json.loads(line)
    method, id_ = message.get("method"), message.get("id")
    if method == "initialize":
        info = {"name": "server", "version": "1"}
        version = message["params"]["protocolVersion"]
        result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
        send({"id": id_, "result": result})
    elif method == "tools/list":
        tools = [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]
        send({"id": id_, "result": {"tools": tools}})
    elif method == "tools/call":
        call(id_, message["params"])
    elif method == "notifications/cancelled":
        cancelled += 1
    elif method is None and id_ == "ask" and "ask" in waiting:
        answer(waiting.pop("ask"), "answered" if "result" in message else "refused")
    elif id_ is not None and method is not None:
        send({"id": id_, "result": {}})
