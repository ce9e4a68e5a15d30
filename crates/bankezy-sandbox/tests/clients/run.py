"""run.py LABEL=READYFILE...: makes all calls of docs/sandbox.md; `strict` in a label says how the emulator was started."""

import sys

from calls import calls
from client import Client
from console import console

for arg in sys.argv[1:]:
    label, path = arg.split("=", 1)
    client = Client(label, path)
    calls(client)
    console(client)
    print(f"{client.label:22} {client.lines} checks passed")
