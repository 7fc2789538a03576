"""The real `render` service, for the tests: NEARCALL_RENDER names its program."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

START_LIMIT = 30.0


class Render:
    """A world of its own, in which `render` is started, killed and started again."""

    def __init__(self, world="default", size="480x270@60"):
        program = os.environ.get("NEARCALL_RENDER")
        if not program or not Path(program).is_file():
            raise RuntimeError(f"expected NEARCALL_RENDER to name the program `render`, found {program!r}")
        # Short, since a socket's path is bounded.
        self._folder = tempfile.TemporaryDirectory(prefix="nearcall-")
        self._command = [program, f"{world}/render", size]
        self._process = None
        self.socket = Path(self._folder.name) / "nearcall" / world / "render.sock"
        self.at = f"unix:{self.socket}"

    def start(self):
        left_out = ("NEARCALL_WORLD", "NEARCALL_ADDRESS_RENDER")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        environment |= {"XDG_RUNTIME_DIR": self._folder.name, "XDG_STATE_HOME": self._folder.name}
        self._process = subprocess.Popen(self._command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + START_LIMIT
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"render did not answer at {self.socket}: {self._process.poll()}")
            time.sleep(0.02)
        return self

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as one:
            return one.connect_ex(str(self.socket)) == 0

    def kill(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        self._folder.cleanup()
