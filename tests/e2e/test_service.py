"""As a service: says when it is ready, feeds the watchdog, stops cleanly and soon, leaves nothing open."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest

import made_up
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def manager(folder):
    """A service manager's end of sd_notify(3)."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(os.path.join(folder, "notify"))
    sock.settimeout(10)
    return sock


def test_it_tells_the_service_manager(tmp_path):
    with yz.Field() as field, manager(field.dir) as sock:
        hub = field.make_hub({"qs-01": yz.COUNTY + "001"})
        env = dict(os.environ, NOTIFY_SOCKET=sock.getsockname(), WATCHDOG_USEC="400000")
        process = subprocess.Popen([yz.BIN, "--conf", hub.conf, "run"], env=env, stdout=subprocess.DEVNULL,
                                   preexec_fn=yz.die_with_parent)
        try:
            assert sock.recv(100) == b"READY=1"
            assert [sock.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
            process.terminate()
            assert sock.recv(100) in (b"STOPPING=1", b"WATCHDOG=1")
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.wait()


def test_a_stop_in_the_middle_of_an_import_loses_nothing(tmp_path):
    made_up.write(str(tmp_path), 3, 5, 40000, 0)
    lines = (tmp_path / (yz.COUNTY + "001.ndjson")).read_text(encoding="utf-8")
    with yz.Field() as field:
        field.make_hub({"qs-01": yz.COUNTY + "001"})
        node = field.make_station("qs-01", yz.COUNTY + "001")
        node.start()
        path = field.write("lines.ndjson", lines)
        running = subprocess.Popen([yz.BIN, "--conf", node.conf, "--json", "import", path], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(.05)
        began = time.monotonic()
        assert node.signal(signal.SIGTERM, seconds=5 if not yz.sanitized() else 20) == 0
        print("stopped in %.2f s" % (time.monotonic() - began))
        assert running.wait(20) != 0
        node.start()
        before = node.status()["written"]
        again = node.cli("import", path)
        counts = json.loads(again.out)
        assert counts["read"] == counts["new"] + counts["changed"] + counts["same"] + counts["duplicate"] + counts["wrong"], counts
        assert node.status()["written"] >= before
        third = json.loads(node.cli("import", path).out)
        assert third["duplicate"] + third["wrong"] == third["read"], third
        assert node.ok("verify").json["ok"]


def test_a_second_stop_is_as_good_as_one(tmp_path):
    with yz.Field() as field:
        hub = field.make_hub({"qs-01": yz.COUNTY + "001"})
        for number in (signal.SIGTERM, signal.SIGINT):
            hub.start()
            assert hub.signal(number) == 0


def test_starts_alone_use_up_nothing(tmp_path):
    """BUG found: a start after one in which nothing was decided took the hub for a restored one, told all its news again,
    and doubled its numbers; after some sixty of them it could not be started any more."""
    with yz.Field() as field:
        hub = field.make_hub({"qs-01": yz.COUNTY + "001"})
        node = field.make_station("qs-01", yz.COUNTY + "001")
        hub.start()
        node.start()
        made = made_up.MadeUp(yz.SEED, 2)
        for _ in range(5):
            node.api("POST", "put", {"kind": "member", "fields": {k: v for k, v in made.member(yz.COUNTY + "001").items() if v}})
        node.talk()
        for number in (signal.SIGTERM, signal.SIGKILL) * 6:
            before = hub.status()["cursors"]
            hub.signal(number)
            hub.start()
            after, down = hub.status()["cursors"], node.status()["exchange"]["down"]
            for name in ("number", "seq"):          # a block of its reserve may be lost
                assert after[name] - before[name] <= 10001, (name, before, after)
            assert node.talk()["exchange"]["down"] == down, "news were told again"


class Unit:
    """What a service manager does by the unit file: starts, and starts again unless the exit status forbids it."""

    def __init__(self, name):
        with open(os.path.join(yz.REPO, "packaging", name + ".service"), encoding="utf-8") as f:
            lines = dict(x.strip().split("=", 1) for x in f if "=" in x and not x.startswith("#"))
        assert lines["Restart"] == "always"
        self.never = {int(x) for x in lines["RestartPreventExitStatus"].split()}

    def starts(self, node, most):
        """How many starts until it stays up, or is left alone."""
        for count in range(1, most + 1):
            node.launch()
            while node.process.poll() is None:
                try:
                    node.raw("GET", "/api/status")
                    return count, True
                except yz.Unknown:
                    time.sleep(.002)
            if node.wait() in self.never:
                return count, False
        return most, False


@pytest.mark.parametrize("role", ["yizhan", "yizhan-hub"])
def test_a_damaged_register_is_not_started_over_and_over(role):
    with yz.Field() as field:
        hub = field.make_hub({"qs-01": yz.COUNTY + "001"})
        node, unit = hub if role == "yizhan-hub" else field.make_station("qs-01", yz.COUNTY + "001"), Unit(role)
        node.start()
        node.stop()
        path = os.path.join(node.data, "yizhan.db")
        with open(path, "r+b") as f:
            whole = f.read()
            f.seek(4096)                            # the table of what the store is
            f.write(bytes(4096))
        assert unit.starts(node, 5) == (1, False), node.tail(600)
        a = node.cli("status", flags=("--lang", "en"))
        assert "YZ6003" in a.err and "Copy the whole data folder" in a.err, a
        with open(path, "wb") as f:
            f.write(whole)
        os.rename(path, path + ".away")
        assert unit.starts(node, 5) == (1, False), node.tail(600)
        os.rename(path + ".away", path)
        assert unit.starts(node, 5) == (1, True)


def test_a_commit_that_failed_is_tried_again():
    """Its outcome is unknown: only a start can tell."""
    with yz.Field() as field:
        field.make_hub({"qs-01": yz.COUNTY + "001"})
        node = field.make_station("qs-01", yz.COUNTY + "001")
        node.before = ["prlimit", "--fsize=%d" % (600 << 10)]       # as long as a log may get
        node.start()
        made = made_up.MadeUp(yz.SEED, 2)
        with pytest.raises(yz.Unknown):
            for _ in range(4000):
                node.api("POST", "put", {"kind": "member", "fields":
                                         {k: v for k, v in made.member(yz.COUNTY + "001").items() if v}})
        code = node.wait()
        assert code == 5 and code not in Unit("yizhan").never
        node.before = []
        assert Unit("yizhan").starts(node, 1) == (1, True)
        assert node.ok("verify").json["ok"]
