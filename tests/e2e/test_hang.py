"""A daemon that hangs: a verb does not wait for ever, and says what it does not know. The verb's clock runs fast here (shim.c), the daemon's does not."""
import http.server
import json
import os
import signal
import subprocess
import threading
import time

import pytest

import made_up
import yz
from shim import SECOND, Shim

TOWN = "520527001"
pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


class Hasty:
    """A verb for which each second is so many, once it has had half a one to connect."""

    def __init__(self, node, *verb, lang="en", stdin=b"", out=subprocess.PIPE, fast=10):
        clock = Shim(type("Clock", (), {"field": node.field, "name": "clock", "env": {}})())
        self.process = subprocess.Popen([yz.BIN, "--conf", node.conf, "--lang", lang, *verb], env=dict(os.environ, **clock.env),
                                        stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE, preexec_fn=yz.die_with_parent)
        self.ended, self.jumped, self.fast = threading.Event(), 0, fast
        threading.Thread(target=self.hurry, args=(clock,), daemon=True).start()
        self.stdin = stdin

    def hurry(self, clock):
        time.sleep(.5)
        while not self.ended.wait(.1):
            self.jumped += self.fast * SECOND // 10
            clock.mono_ms = self.jumped

    def answer(self):
        out, err = self.process.communicate(self.stdin, timeout=120)
        self.ended.set()
        return yz.Answer(self.process.returncode, (out or b"").decode(), err.decode())


@pytest.fixture
def node():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN}).start()
        node = field.make_station("t1", TOWN)
        node.start()
        yield node


def member():
    return {k: v for k, v in made_up.MadeUp(3, 2).member(TOWN).items() if v}


def stopped(node):
    node.process.send_signal(signal.SIGSTOP)
    node.field.closers.append(lambda: node.process and node.process.send_signal(signal.SIGCONT))


@pytest.mark.parametrize("verb", [("status",), ("export",), ("sync",), ("doctor",), ("verify",)], ids=lambda v: v[0])
def test_a_verb_does_not_wait_for_ever(node, verb):
    stopped(node)
    a = Hasty(node, *verb, fast=100).answer()
    assert "said nothing for 90 seconds" in a.err + a.out, a
    if verb[0] in ("status", "export", "sync"):
        assert a.code == 5 and "yizhan is busy" in a.err and "restart it" in a.err and "[YZ6004]" in a.err, a
        a = Hasty(node, *verb, lang="zh", fast=100).answer()
        assert a.code == 5 and "驿站正忙" in a.err and "重新启动驿站" in a.err, a
    elif verb[0] != "doctor":
        assert a.code == 5 and "[YZ6007]" in a.err, a


def test_what_was_to_be_saved_is_not_called_lost_or_saved(node):
    stopped(node)
    body = json.dumps(member()).encode()
    a = Hasty(node, "put", "member", "--token", "once", "-", stdin=body, fast=100).answer()
    assert a.code == 5 and "[YZ6007]" in a.err and "It may be saved or not" in a.err and not a.out, a
    node.process.send_signal(signal.SIGCONT)
    node.ok("put", "member", "--token", "once", "-", stdin=body)
    assert len(node.ok("list").lines) == 1, "with the same token it is there once"


class Slow(http.server.BaseHTTPRequestHandler):
    """Alive, but at work on what it was asked; how long by the verb's clock, `server.hurried` tells."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/api/status":
            self.server.asked += 1
            if self.server.asked > 1:
                return self.reply(b"{}")
        if not self.server.enough.wait(60):
            return None
        return self.reply(b'{"written": 4}')

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_long_work_is_waited_for():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN})
        node = field.make_station("t1", TOWN)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", node.port), Slow)
        server.asked, server.enough = 0, threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        field.closers.append(server.shutdown)
        verb = Hasty(node, "--json", "status", fast=20)
        while verb.jumped < 150 * SECOND and verb.process.poll() is None:
            time.sleep(.05)
        server.enough.set()
        a = verb.answer()
        assert json.loads(a.out)["written"] == 4 and "[YZ" not in a.err, a
        assert server.asked > 2, "it asked now and then whether somebody lives there"


def test_a_reader_who_is_slow_is_not_the_daemon(node):
    """export into a pipe that nobody reads for long."""
    lines = "".join(json.dumps({"op": "insert", "kind": "member", "id": "00000000-0000-4000-8000-%012d" % i, "at": "2025-01-01T08:00:00+08:00", "site": TOWN,
                                "data": made_up.MadeUp(i, 2).member(TOWN)}) + "\n" for i in range(600))
    node.ok("import", node.field.write("lines.ndjson", lines))
    into, out = os.pipe()
    verb = Hasty(node, "export", "--full", out=out, fast=20)
    os.close(out)
    while verb.jumped < 100 * SECOND:
        time.sleep(.05)
    got = b""
    while True:
        piece = os.read(into, 65536)
        if not piece:
            break
        got += piece
    os.close(into)
    a = verb.answer()
    assert a.code == 0 and len(got.splitlines()) == len(node.export().splitlines()), a
