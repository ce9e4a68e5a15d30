"""examples.py PAGE: runs the examples of docs/sandbox.md as they stand there, in order, each language by itself against an
emulator of its own. Each has to succeed. BANKEZY is the binary; shell, python and js blocks are examples."""

import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
examples = {
    language: [text for name, text in blocks if name == language]
    for language in ("sh", "python", "js", "toml")
}
here = pathlib.Path.cwd()


class Hook(http.server.BaseHTTPRequestHandler):
    """The service of the page that callbacks go to."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()


def adapted(language, text):
    """Ports that are free. The example in Python has a service of its own."""
    port = hook.server_port
    if language == "python":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    return re.sub(r"\b9000\b", str(port), text)


def run(language, start, command, program):
    work = here / "run" / f"examples-{language}"
    work.mkdir(parents=True)
    (work / "routes.toml").write_text("\n".join(examples["toml"]), encoding="utf-8")
    start = (
        start.replace("127.0.0.1:8080", "127.0.0.1:0").replace("bankezy", os.environ["BANKEZY"], 1).split()
    )
    # The example of routes is loaded as well.
    with open(work / "emulator.log", "wb") as log:
        emulator = subprocess.Popen([*start, "--routes", "routes.toml"], cwd=work, stdout=log, stderr=log)
    try:
        for _ in range(100):
            if (work / "ready.json").exists():
                break
            time.sleep(0.1)
        # Node looks for packages beside the program.
        path = here / f"run-examples.{language if language != 'js' else 'mjs'}"
        path.write_text(adapted(language, program), encoding="utf-8")
        done = subprocess.run([*command, path], cwd=work, timeout=60, text=True, capture_output=True)
        if done.returncode != 0:
            print(f"an example in {language} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
        return done.returncode == 0
    finally:
        emulator.terminate()
        emulator.wait()


def shell(text):
    """Says which line fails; a stream, which has no end, is read for a moment."""
    stream = r'^auth -N ("[^"]+/stream[^"]*").*$'
    text = re.sub(stream, r"auth -N --max-time 2 \1 || [ $? = 28 ]", text, flags=re.MULTILINE)
    return "set -eEuo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n" + text


start, *rest = examples["sh"]
assert start.startswith("bankezy sandbox "), "the first example starts the emulator"
assert (
    len(rest) > 8 and len(examples["python"]) > 8 and examples["js"] and examples["toml"]
), "examples are missing"
passed = [
    run("sh", start, ["bash"], shell("\n".join(rest))),
    run("python", start, [sys.executable], "\n".join(examples["python"])),
    run("js", start, ["node"], "\n".join(examples["js"])),
]
print(f"examples of {pathlib.Path(sys.argv[1]).name}: {sum(passed)} of {len(passed)} languages passed")
sys.exit(not all(passed))
