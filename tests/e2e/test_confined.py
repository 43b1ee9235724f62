"""What a daemon that is up can no longer do, whoever takes it over, tried from inside (probe.c);
who else reads its files."""
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

import made_up
import shim
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN = yz.COUNTY + "001"
SHADOW = "/etc/shadow"
NOBODY = 65534
CALLS = {"map", "protect", "ptrace", "packet", "signal", "fork", "mount"}      # of seccomp
LINES = {"bind", "connect"}                                                    # of Landlock since 6.7


def for_nobody(node):
    """As the service account: somebody without rights. Root alone can be that."""
    if os.geteuid() != 0:
        return
    node.before = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups"]
    for folder, _, names in os.walk(node.field.dir):
        for path in [folder] + [os.path.join(folder, name) for name in names]:
            os.chown(path, NOBODY, NOBODY)


def probe(node, port):
    """{what was tried: the error it met, 0 for none}"""
    path = node.field.path(node.name + ".probe")
    for_nobody(node)
    node.env.update(LD_PRELOAD=shim.build("probe"), YZ_PROBE=path, YZ_PROBE_FILE=SHADOW, YZ_PROBE_PORT=str(port))
    node.start()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with open(path, encoding="utf-8") as f:
            out = dict(x.split() for x in f)
        if "exec" in out:
            return {k: int(v) for k, v in out.items()}
        time.sleep(.01)
    raise AssertionError("it did something else: %s\n%s" % (out, node.tail()))


def confined(node):
    """By what, as the start told it."""
    with open(os.path.join(node.data, "yizhan.log"), encoding="utf-8") as f:
        return set(re.findall(r"confined=(\S+)", f.read())[-1].split(","))


def lines_too():
    """Does Landlock of this kernel know of TCP?"""
    return yz.LIBC.syscall(444, None, 0, 1) >= 4


@pytest.mark.parametrize("role", ["hub", "t1"])
def test_what_it_cannot_do(role):
    with yz.Field() as field, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        hub = field.make_hub({"t1": TOWN})
        node = hub if role == "hub" else field.make_station("t1", TOWN)
        met = probe(node, other.getsockname()[1])
        by = confined(node)
        assert met["core"] != 0 and met["read"] != 0 and met["exec"] != 0, met
        if os.geteuid() == 0:                       # what may not be dumped is nobody's own any more
            assert os.stat("/proc/%d/environ" % node.process.pid).st_uid == 0
        if "seccomp" not in by:
            pytest.skip("no seccomp here: %s" % by)
        assert {k for k in CALLS if met[k] == 0} == set(), met
        if "landlock" in by and lines_too():
            assert {k for k in LINES if met[k] == 0} == set(), met


def test_it_works_all_the_same():
    """An exchange, a copy to a folder nobody spoke of at the start, and the looks of doctor."""
    with yz.Field() as field:
        hub = field.make_hub({"t1": TOWN})
        town = field.make_station("t1", TOWN)
        hub.start()
        town.start()
        member = made_up.MadeUp(yz.SEED, 2).member(TOWN)
        town.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in member.items() if v}})
        assert town.talk()["taken"] >= 1
        elsewhere = field.path("later")
        os.mkdir(elsewhere, 0o700)
        for node in (hub, town):
            assert node.ok("backup", elsewhere).json
            with open("/proc/%d/status" % node.process.pid, encoding="utf-8") as f:
                state = f.read()
            assert "NoNewPrivs:\t1" in state
            if "seccomp" in confined(node):
                assert "Seccomp:\t2" in state
        assert len([x for x in os.listdir(elsewhere) if x.endswith(".yz")]) == 2
        assert town.stop() == 0 and hub.stop() == 0


def looked_into(folder):
    """What others may read there, itself among it."""
    return [path for path in [folder] + [os.path.join(folder, name) for name in os.listdir(folder)] if os.stat(path).st_mode & 0o77]


def test_nobody_else_reads_the_data():
    with yz.Field() as field:
        hub = field.make_hub({"t1": TOWN})
        town, box = field.make_station("t1", TOWN), field.path("box")
        os.mkdir(box)
        before = os.umask(0)                                # whoever starts it may be careless
        try:
            hub.start()
            town.start()
            made = town.ok("backup", box).json["file"]
            assert os.stat(made).st_mode & 0o777 == 0o600
            assert looked_into(hub.data) == looked_into(town.data) == []
            town.stop()
            town.ok("restore", made)
            assert looked_into(town.data) == []
        finally:
            os.umask(before)
        path = os.path.join(town.data, "yizhan.db")
        os.chmod(path, 0o644)                               # as an older version left it
        town.start()
        assert looked_into(town.data) == []
        town.stop()
        os.chmod(town.data, 0o755)                          # as mkdir makes one
        town.start()
        assert os.stat(town.data).st_mode & 0o777 == 0o700
        town.stop()
        os.rename(town.data, town.data + "-away")
        os.mkdir(town.data)
        os.chmod(town.data, 0o755)
        open(os.path.join(town.data, "photo.jpg"), "w").close()     # somebody else's folder
        code, text = town.refuse()
        assert code == 64 and "chmod 700 " + town.data in text, (code, text)
        assert os.stat(town.data).st_mode & 0o777 == 0o755


@pytest.mark.parametrize("unit", ["yizhan", "yizhan-hub"])
def test_what_the_unit_leaves_open(unit):
    """systemd-analyze: 0 is closed, 10 is open."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    path = os.path.join(yz.REPO, "packaging", unit + ".service")
    p = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", path],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert p.returncode == 0, p.stdout.decode()[-2000:]
