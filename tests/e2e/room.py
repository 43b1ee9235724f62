"""A small disk of its own: a tmpfs of so many KiB over one folder, which only the processes started in the room see.

    with Room(folder, kib) as room:
        node.before = room.enter            the node lives there from its next start on
        room.path(name)                     a file of the room, as we see it from outside
        room.fill(left), room.free()        leaves so many bytes free; all that again
        room.read_only(True)                the whole mount

Works without rights (user namespaces); where there are none the test is passed over.
"""
import os
import subprocess

import pytest

import yz


class Room:
    def __init__(self, folder, kib):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.holder = subprocess.Popen(
            ["unshare", "-Urm", "sh", "-c", 'mount -t tmpfs -o size=%dk,mode=700 tmpfs "$0" && echo made && exec sleep 3600' % kib, folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=yz.die_with_parent)
        if self.holder.stdout.readline() != b"made\n":
            self.close()
            pytest.skip("no user namespaces with a tmpfs here")
        self.enter = ["nsenter", "-U", "-m", "--preserve-credentials", "-t", str(self.holder.pid)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def path(self, name=""):
        return os.path.join("/proc/%d/root" % self.holder.pid, self.folder.lstrip("/"), name)

    def left(self):
        disk = os.statvfs(self.path())
        return disk.f_bavail * disk.f_frsize

    def fill(self, left=0):
        with open(self.path("ballast"), "ab", buffering=0) as f:
            while self.left() > left:
                try:
                    f.write(bytes(min(self.left() - left, 1 << 20)))
                except OSError:
                    return

    def free(self):
        os.remove(self.path("ballast"))

    def read_only(self, on):
        subprocess.run([*self.enter, "mount", "-o", "remount,bind,%s" % ("ro" if on else "rw"), self.folder], check=True)
