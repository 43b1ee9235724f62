"""Harness: real daemons on loopback, in a temporary folder, driven from outside.

Only processes started here are ever signalled, each by its own pid, and each is
waited for.  A daemon also dies with the process that started it (Linux), so
that nothing is left behind when a test run is killed.

    YZ_BIN      the program               (default: build/yizhan of this checkout)
    YZ_ROUNDS   rounds of what is drawn at random (default 20), YZ_KILLS of test_kills (50), YZ_STRIDE of test_cuts (16)
    YZ_STORIES  random stories            (default 12), YZ_STEPS the steps of each (60)
    YZ_MEMBERS  of the main job           (default 5000), YZ_EDITS its edits (20000)
    YZ_SEED     random seed               (default: drawn, and printed)
    YZ_KEEP     keep the folders of failed and passed tests
"""
import ctypes
import http.client
import json
import mmap
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("YZ_BIN", os.path.join(REPO, "build", "yizhan"))
KINDS = os.path.join(REPO, "conf", "kinds")
ROUNDS = int(os.environ.get("YZ_ROUNDS", "20"))
SEED = int(os.environ.get("YZ_SEED") or secrets.randbits(32))
COUNTY = "520527"

try:
    LIBC = ctypes.CDLL(None)
except OSError:
    LIBC = None


def sanitized():
    """Is the program built with sanitizers? Then it keeps freed memory."""
    with open(BIN, "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(b"__asan_init") >= 0


def die_with_parent():
    if LIBC is not None and hasattr(LIBC, "prctl"):
        LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)      # PR_SET_PDEATHSIG


def copy_data(folder, to):
    """A data folder without the file that only takes room."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("spare"))


used_ports = set()


def free_port():
    """Below the range from which the kernel draws for outgoing connections, so that a restart gets it again."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in used_ports:
            used_ports.add(port)
            return port


# Codes of a start that no other try will mend.
PERSON = ("YZ6003", "YZ6005", "YZ6006", "YZ6008", "YZ6009")


def refused(code, text):
    """Does the exit status of a refused start tell the service manager whether to try again (5) or not (2)?"""
    return code == (2 if any(x in text for x in PERSON) else 5)


class Unknown(Exception):
    """The connection died: whether it happened is not known."""


class Answer:
    """What a verb said: exit code, standard output, standard error."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(x) for x in self.out.splitlines()]

    def __repr__(self):
        return "exit %s\n%s\n%s" % (self.code, self.out[:4000], self.err[:4000])


class Node:
    """A hub or a station: its configuration file, its process, its door."""

    def __init__(self, field, name, conf, data, port):
        self.field, self.name, self.conf, self.data, self.port = field, name, conf, data, port
        self.process = self.http = None
        self.log = os.path.join(field.dir, name + ".log")
        self.env, self.before = {}, []      # of its process; what starts it

    # -- the process

    def launch(self):
        """Start it and wait for nothing."""
        assert self.process is None, self.name + " runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.before, BIN, "--conf", self.conf, "run"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, preexec_fn=die_with_parent, cwd=self.field.dir,
                                            env=dict(os.environ, **self.env))

    def start(self, seconds=20):
        self.launch()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise AssertionError("%s ended with %s at its start:\n%s" % (self.name, code, self.tail()))
            try:
                return self.api("GET", "status")
            except (Unknown, AssertionError):
                time.sleep(.005)
        raise AssertionError("%s not ready after %s s:\n%s" % (self.name, seconds, self.tail()))

    def signal(self, number, seconds=20):
        """Send it and wait for the end; returns the exit status."""
        self.hang_up()
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("%s did not end on signal %s:\n%s" % (self.name, number, self.tail()))

    def wait(self, seconds=20):
        """Until it ends by itself; returns the exit status."""
        self.hang_up()
        process, self.process = self.process, None
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("%s did not end by itself:\n%s" % (self.name, self.tail()))

    def refuse(self, seconds=20):
        """Start it, see it end by itself: (exit status, what it said on the way)."""
        at = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        self.launch()
        code = self.wait(seconds)
        with open(self.log, "rb") as f:
            f.seek(at)
            return code, f.read().decode("utf-8", "replace")

    def dead(self):
        return self.process is not None and self.process.poll() is not None

    def stop(self):
        return self.signal(signal.SIGTERM)

    def kill(self):
        return self.signal(signal.SIGKILL)

    def restart(self):
        self.kill()
        self.start()

    def tail(self, n=3000):
        try:
            with open(self.log, "rb") as f:
                return f.read()[-n:].decode("utf-8", "replace")
        except OSError:
            return "(no log)"

    def cpu_seconds(self):
        """Of its process, until now."""
        with open("/proc/%d/stat" % self.process.pid) as f:
            return sum(map(int, f.read().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def memory_peak(self):
        """VmHWM in KiB."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(next(x for x in f if x.startswith("VmHWM")).split()[1])

    # -- the command line

    def cli(self, *verb, stdin=None, timeout=120, flags=("--json", "--lang", "en")):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        p = subprocess.run([*self.before, BIN, "--conf", self.conf, *flags, *verb], input=stdin, stdin=None if stdin is not None else
                           subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        return Answer(p.returncode, p.stdout.decode("utf-8"), p.stderr.decode("utf-8", "replace"))

    def ok(self, *verb, codes=(0, 1, 2), **how):
        a = self.cli(*verb, **how)
        assert a.code in codes, "%s: %s: %r\n%s" % (self.name, " ".join(verb), a, self.tail())
        return a

    def status(self):
        return self.ok("status", codes=(0, 1, 2, 3)).json       # 3: no contact, which is news and no fault

    def sync(self, wait=60):
        return self.ok("sync", "--wait", str(wait), timeout=wait + 30).json

    def export(self, *more):
        return self.ok("export", "--ndjson", "--full", *more).out

    def cases(self):
        return self.ok("cases", "list", "--full").lines

    # -- the door

    def token(self):
        with open(os.path.join(self.data, "token")) as f:
            return f.read().strip()

    def raw(self, method, path, body=None, headers=None, timeout=30):
        """One request on the kept connection: (status, bytes). Unknown when the connection dies."""
        try:
            if self.http is None:
                self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            self.http.request(method, path, body, headers or {})
            r = self.http.getresponse()
            return r.status, r.read()
        except (OSError, http.client.HTTPException) as e:
            self.hang_up()
            ended = self.process is not None and self.process.poll()
            raise Unknown("%s: %r%s" % (self.name, e, "" if ended in (None, False) else ", ended with %s" % ended))

    def api(self, method, verb, body=None, type="application/json", timeout=30):
        """JSON of a verb; an error of the program is an AssertionError that shows it."""
        status, answer = self.api_raw(method, verb, body, type, timeout)
        assert status == 200, "%s: %s %s: %s %s" % (self.name, method, verb, status, answer[:2000])
        return json.loads(answer)

    def api_raw(self, method, verb, body=None, type="application/json", timeout=30):
        headers = {"Content-Type": type} if body is not None else {}
        if method != "GET":
            headers["Authorization"] = "Bearer " + self.token()
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return self.raw(method, "/api/" + verb, body, headers, timeout)

    def talk(self, seconds=30):
        """One exchange, asked for now, and what follows from it; returns the status after it. One that ran already does not count."""
        status, until, want = self.api("GET", "status"), time.monotonic() + seconds, None
        while time.monotonic() < until:
            ended, busy = status["exchange"]["done"] + status["exchange"]["failed"], status["exchange"]["busy"]
            want = ended + 1 + busy if want is None else want
            if ended >= want and not busy:
                return status
            if busy:
                time.sleep(.001)
            status = self.api("GET", "status") if busy else self.api("POST", "sync", {})
        raise AssertionError("%s: the exchange does not end:\n%s" % (self.name, self.tail()))

    def hang_up(self):
        if self.http is not None:
            self.http.close()
            self.http = None


class Field:
    """A hub and stations in one temporary folder. Use with `with`."""

    def __init__(self, kinds=KINDS):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="yizhan-e2e-"))      # TMPDIR may be a link, or relative
        self.kinds, self.nodes, self.closers = kinds, [], []
        self.hub = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for closer in self.closers:
            closer()
        for node in self.nodes:
            node.kill()
        if not os.environ.get("YZ_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as f:
            f.write(text)
        return self.path(name)

    def make_enrolling_hub(self, org=COUNTY):
        """One as it is used: with keys and TLS. Its stations are enrolled by `let_in`."""
        self.hub_port, admin = free_port(), free_port()
        conf = self.write("hub.conf", "[hub]\norg = %s\ndata = %s\nlisten = 127.0.0.1:%d\nadmin = 127.0.0.1:%d\nkinds = %s\n" %
                          (org, self.path("hub"), self.hub_port, admin, self.kinds))
        self.hub = Node(self, "hub", conf, self.path("hub"), admin)
        self.nodes.append(self.hub)
        return self.hub

    def make_enrolling_station(self, name, org, hub_port=None, every="manual"):
        """Not enrolled yet; it will talk to the hub at this port, whatever it enrolled by."""
        port = free_port()
        conf = self.write(name + ".conf", "[station]\norg = %s\nname = %s\ndata = %s\nlisten = 127.0.0.1:%d\nkinds = %s\n"
                          "[uplink]\nhub = https://127.0.0.1:%d\nevery = %s\n" %
                          (org, name, self.path(name), port, self.kinds, hub_port or self.hub_port, every))
        node = Node(self, name, conf, self.path(name), port)
        node.org = org
        self.nodes.append(node)
        return node

    def let_in(self, node):
        """Enrol a station; both run. What it was told."""
        code = self.hub.ok("invite", node.org).json["code"]
        return node.ok("enroll", code, "--hub", "https://127.0.0.1:%d" % self.hub_port).json

    def make_hub(self, stations, org=COUNTY):
        """`stations` is {name: organisation}: who may come, by a shared secret over plain HTTP, which a test can read and alter."""
        self.hub_port, admin = free_port(), free_port()
        allowed = ""
        for name, scope in stations.items():
            key = self.write(name + ".key", secrets.token_hex(32) + "\n")
            os.chmod(key, 0o600)
            allowed += "[%s]\norg = %s\nsecret = %s\n" % (name, scope, key)
        self.write("stations.conf", allowed)
        conf = self.write("hub.conf", "[hub]\norg = %s\ndata = %s\nlisten = 127.0.0.1:%d\nadmin = 127.0.0.1:%d\n"
                          "stations = %s\nkinds = %s\n" % (org, self.path("hub"), self.hub_port, admin,
                                                           self.path("stations.conf"), self.kinds))
        self.hub = Node(self, "hub", conf, self.path("hub"), admin)
        self.nodes.append(self.hub)
        return self.hub

    def make_station(self, name, org, hub_port=None, every="manual"):
        port = free_port()
        conf = self.write(name + ".conf", "[station]\norg = %s\nname = %s\ndata = %s\nlisten = 127.0.0.1:%d\nkinds = %s\n"
                          "[uplink]\nhub = http://127.0.0.1:%d\nsecret = %s\nevery = %s\n" %
                          (org, name, self.path(name), port, self.kinds, hub_port or self.hub_port,
                           self.path(name + ".key"), every))
        node = Node(self, name, conf, self.path(name), port)
        self.nodes.append(node)
        return node


STATES = ("queued", "received", "taken", "same", "parked", "returned", "aside", "settled")


def counts(status):
    """The counts of a status, and that they add up."""
    out = {k: status[k] for k in ("written",) + STATES}
    assert out["written"] == sum(out[k] for k in STATES), out
    return out


def add(all_counts):
    total = dict.fromkeys(("written",) + STATES, 0)
    for c in all_counts:
        for k in total:
            total[k] += c[k]
    return total


def differences(name, got, want, limit=12):
    """Readable difference of two texts or lists of lines; empty when equal."""
    if got == want:
        return ""
    got = got.splitlines() if isinstance(got, str) else [str(x) for x in got]
    want = want.splitlines() if isinstance(want, str) else [str(x) for x in want]
    a, b = set(got), set(want)
    out = ["%s: %d lines, the model says %d" % (name, len(got), len(want))]
    if a == b:
        first = next((i for i, (x, y) in enumerate(zip(got, want)) if x != y), min(len(got), len(want)))
        out.append("same lines, other order or number, from line %d" % (first + 1))
    out += ["  program: " + x for x in sorted(a - b)[:limit]] + ["  model:   " + x for x in sorted(b - a)[:limit]]
    more = max(0, len(a - b) - limit) + max(0, len(b - a) - limit)
    return "\n".join(out + (["  … and %d more" % more] if more else []))
