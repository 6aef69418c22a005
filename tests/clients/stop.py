"""Interrupts a server while streams are open: `stop.py URL PID`. All of them must end at once."""

import http.client
import os
import signal
import sys
import time
import urllib.request

URL, PID = sys.argv[1], int(sys.argv[2])

# A read that waits for longer than the timeout raises.
streams = [urllib.request.urlopen(URL, timeout=5) for _ in range(20)]
for stream in streams:
    assert stream.readline() == b"event: endpoint\n"
    assert stream.readline().startswith(b"data: /")
    assert stream.readline() == b"\n"

os.kill(PID, signal.SIGINT)
start = time.monotonic()
broken = 0
for stream in streams:
    try:
        assert stream.read() == b"", "something came after the interrupt"
    except (http.client.IncompleteRead, ConnectionError):
        broken += 1
took = time.monotonic() - start
assert took < 5, f"the streams took {took:.1f} s to end"
print(f"{len(streams)} streams ended in {took:.3f} s, {broken} of them broken off")
