"""Where a server is: a name such as `render` or `arena/render`, or an address such as `unix:/tmp/render.sock`."""

import os
import re
import tempfile

from .errors import OpenError

_LABELS = re.compile(r"[a-z][a-z0-9-]{0,31}(\.[a-z0-9][a-z0-9-]{0,31})?")


def runtime_folder():
    """`$XDG_RUNTIME_DIR/nearcall`; where that is not set, or not absolute, `nearcall-<uid>` in the temporary folder."""
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(folder):
        return os.path.join(folder, "nearcall")
    return os.path.join(tempfile.gettempdir(), f"nearcall-{os.geteuid()}")


def split(channel):
    """The server and the channel that `arena/render.main` names: a server's channels begin with its name."""
    world, slash, name = channel.rpartition("/")
    return f"{world}{slash}{name.partition('.')[0]}", name


def grpc_target(at):
    """What gRPC dials for a name or an address."""
    if ":" not in at:
        at = _by_name(at)
    if at.startswith("http://"):
        return at[len("http://") :].rstrip("/")
    if at.startswith("unix:"):
        path = at[len("unix:") :]
        path = path[2:] if path.startswith("//") else path
        return f"unix:{os.path.abspath(path)}"
    if at.startswith("unix-abstract:"):
        return at
    raise OpenError(f"expected unix:, unix-abstract: or http: before a place, found {at!r}")


def _by_name(name):
    world, slash, service = name.rpartition("/")
    if not slash:
        world = os.environ.get("NEARCALL_WORLD") or "default"
    for label in (world, service):
        if not _LABELS.fullmatch(label):
            raise OpenError(f"expected a name such as `render` or `arena/render`, found {label!r} in {name!r}")
    variable = "NEARCALL_ADDRESS_" + re.sub("[-.]", "_", service).upper()
    return os.environ.get(variable) or f"unix:{os.path.join(runtime_folder(), world, service)}.sock"
