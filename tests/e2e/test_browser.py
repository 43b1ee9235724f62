"""A real browser opens a page of somebody else's, which tries all it can on the door of a station: from other sites, from other
ports of this machine, and from a name that is turned round to this machine meanwhile. Nothing may be written and nothing read.

Passed over where there is no chromium: `make browser` says so."""
import contextlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import made_up
import yz

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN),
              pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium")]
TOWN = yz.COUNTY + "001"
EVIL = "evil.test"                      # at 127.0.0.2, for the browser


class Home(http.server.ThreadingHTTPServer):
    """The site of the page, on every name and a port of its own: pages, and what they report."""

    daemon_threads = True

    def __init__(self, page):
        super().__init__(("0.0.0.0", yz.free_port()), Visit)
        self.page, self.reports, self.came = page, [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Visit(http.server.BaseHTTPRequestHandler):
    def reply(self, text, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        if self.path == "/readable":
            self.reply(b"can be read", "text/plain")
        else:
            self.reply(self.server.page, "text/html; charset=utf-8")

    def do_POST(self):
        self.server.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.reply(b"", "text/plain")
        self.server.came.set()

    def log_message(self, *_):
        pass


class Rebound:
    """What stands at 127.0.0.2 with the door's port: first the site of the page; once the page asks for /rebind, the door. So a name
    is turned round, as the browser sees it."""

    def __init__(self, port, page):
        self.port, self.page, self.turned, self.passed = port, page, False, 0
        self.listener = socket.create_server(("127.0.0.2", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.one, args=(self.listener.accept()[0],), daemon=True).start()

    def one(self, line):
        with line, contextlib.suppress(OSError):
            head = line.recv(65536)
            if b" /rebind " in head.split(b"\r\n")[0]:
                self.turned = True
            if not self.turned or b" /rebind " in head.split(b"\r\n")[0]:     # the last it says itself
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" %
                             (len(self.page), self.page))
                return
            self.passed += 1
            with socket.create_connection(("127.0.0.1", self.port)) as door:
                door.sendall(head)
                threading.Thread(target=pour, args=(line, door), daemon=True).start()
                pour(door, line)

    def close(self):
        self.listener.close()


def pour(source, to):
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def browser(*what):
    """Chromium on its own profile; what it started ends with it."""
    with tempfile.TemporaryDirectory(prefix="yizhan-browser-", ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
             "--user-data-dir=" + profile, "--host-resolver-rules=MAP %s 127.0.0.2, MAP *.invalid ~NOTFOUND" % EVIL, *what],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ, HOME=profile),
            preexec_fn=yz.die_with_parent)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


def dom(url):
    with browser("--dump-dom", "--timeout=5000", url) as process:
        return process.communicate(timeout=60)[0].decode("utf-8", "replace")


@pytest.fixture
def station():
    with yz.Field() as field:
        field.make_hub({"t1": TOWN})
        town = field.make_station("t1", TOWN)
        town.start()
        town.person = {k: v for k, v in made_up.MadeUp(yz.SEED, 1).member(TOWN).items() if v}
        town.record = town.api("POST", "put", {"kind": "member", "fields": town.person})["id"]
        yield town


def page_of(town, home_port, bases):
    with open(os.path.join(yz.HERE, "attack.html"), encoding="utf-8") as f:
        text = f.read()
    other = {k: v for k, v in made_up.MadeUp(yz.SEED + 1, 1).member(TOWN).items() if v}
    put = json.dumps({"kind": "member", "fields": dict(other, name="来自网页", phone="12000000000")}, ensure_ascii=True)
    for word, value in (("BASES", bases), ("HOME", "http://127.0.0.1:%d" % home_port), ("PUT", put), ("RECORD", town.record)):
        text = text.replace("= " + word, "= " + json.dumps(value), 1)
    return text.encode()


def secrets_of(town):
    return [town.person[k] for k in ("name", "phone")] + [town.token(), '"written"', "yizhan_changes"]


def look(report, town, bases):
    """What the page could read: its own site, and of the door no more than that it is not let in."""
    told = report["told"]
    assert told[0]["read"].endswith("can be read"), told[0]
    assert {t["base"] for t in told} >= set(bases), "all of it was tried"
    for t in told:
        for secret in secrets_of(town):
            assert secret not in t["read"], t
        assert not t["read"].startswith(("open", "message")), t
    return [t for t in told if t["base"] in bases]


@pytest.mark.parametrize("site", ("http://%s:{home}/" % EVIL, "http://127.0.0.1:{home}/", "http://localhost:{home}/", "http://%s:{door}/" % EVIL))
def test_a_page_of_somebody_else(station, site):
    bases = ["http://%s:%d" % (host, station.port) for host in ("127.0.0.1", "localhost", EVIL)]
    home = Home(b"")
    home.page = page_of(station, home.server_port, bases)
    rebound = Rebound(station.port, home.page)
    rebound.turned = "{door}" not in site
    before = station.status()
    try:
        with browser(site.format(home=home.server_port, door=station.port)):
            assert home.came.wait(240), "the page never came to its end:\n" + station.tail()
        told = look(home.reports[0], station, bases)
    finally:
        rebound.close()
        home.shutdown()
        home.server_close()
    assert rebound.passed > 20, "the name led to the door"
    if "{door}" in site:                # of its own site a page reads what it is told: that it is not let in
        read = [t["read"] for t in told if EVIL in t["base"] and t["how"].startswith("get ")]
        assert read and all(r.startswith("basic 403 ") for r in read), read
    assert "door.refuse" in station.ok("log").out, "it came to the door"
    after = station.status()
    assert (after["written"], after["records"], after["queued"]) == (before["written"], before["records"], before["queued"])
    assert after["exchange"]["started"] == before["exchange"]["started"], "nor does a page make it talk"


def test_its_own_page_can_be_opened_and_not_by_another_name(station):
    """Else the test above would pass with a door that nobody can open."""
    own = dom("http://127.0.0.1:%d/api/status" % station.port)
    assert '"written"' in own, own[:2000]
    rebound = Rebound(station.port, b"")
    rebound.turned = True
    try:
        other = dom("http://%s:%d/api/status" % (EVIL, station.port))
    finally:
        rebound.close()
    assert rebound.passed > 0 and not any(secret in other for secret in secrets_of(station)), other[:2000]
