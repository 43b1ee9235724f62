"""The other side of shim.c: builds it once, and tells it what is to go wrong in one process.

    shim = Shim(node); node.start()        from its next start on
    shim.wall_ms = -20 * YEAR              while it runs; mono_ms: the clocks since boot; sleep_ms: it slept so long
    shim.sync_delay_ms, shim.sync_fail     each fsync takes so long; so many fail
    shim.sync_gate, shim.sync_passes       an fsync waits until sync_passes lets it go on: the first so many of all since the start
    shim.alloc_left, shim.alloc_fail       so many allocations succeed, so many fail then
    shim.syncs, shim.synced, shim.allocs   counted: fsyncs begun, ended, allocations
"""
import atexit
import mmap
import os
import shutil
import struct
import subprocess
import tempfile

import pytest

import yz

FIELDS = ("wall_ms", "mono_ms", "sleep_ms", "sync_delay_ms", "sync_fail", "syncs", "alloc_left", "alloc_fail", "allocs",
          "sync_gate", "sync_passes", "synced")
SECOND, YEAR = 1000, 365 * 86400 * 1000
libraries = {}


def build(name="shim"):
    """The library made of NAME.c, to be put before the program's own."""
    if yz.sanitized():
        pytest.skip("the sanitizers stand between the program and its system themselves")
    if name not in libraries:
        folder = tempfile.mkdtemp(prefix="yizhan-shim-")
        atexit.register(shutil.rmtree, folder, True)
        libraries[name] = os.path.join(folder, name + ".so")
        os.chmod(folder, 0o755)                     # for a program under another account
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", libraries[name],
                        os.path.join(yz.HERE, name + ".c"), "-ldl"], check=True)
    return libraries[name]


class Shim:
    def __init__(self, node):
        path = node.field.path(node.name + ".shim")
        with open(path, "wb") as f:
            f.write(bytes(8 * len(FIELDS)))
        with open(path, "r+b") as f:
            object.__setattr__(self, "map", mmap.mmap(f.fileno(), 0))
        object.__setattr__(self, "env", {"LD_PRELOAD": build(), "YZ_SHIM": path})
        node.env.update(self.env)

    def __setattr__(self, name, value):
        struct.pack_into("=q", self.map, 8 * FIELDS.index(name), value)

    def __getattr__(self, name):
        return struct.unpack_from("=q", self.map, 8 * FIELDS.index(name))[0]
