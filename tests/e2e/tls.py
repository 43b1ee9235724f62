"""A county as it is used, with keys and TLS, and those who would like to be part of it."""
import http.client
import http.server
import os
import socket
import ssl
import subprocess
import threading

import pytest

import yz

TOWN = "520527001"
EXCHANGE = "application/vnd.yizhan.exchange"


class Field(yz.Field):
    """The same hub and stations as in plain HTTP; each station is let in at its first start, for which the hub runs if it does not."""

    def make_hub(self, stations, org=yz.COUNTY):
        return self.make_enrolling_hub(org)

    def make_station(self, name, org, hub_port=None, every="manual"):
        node = self.make_enrolling_station(name, org, hub_port, every)
        start = node.start

        def start_and_enrol(seconds=20):
            status = start(seconds)
            if not os.path.exists(os.path.join(node.data, "enrolled")):
                alone = self.hub.process is None
                if alone:
                    self.hub.start()
                self.let_in(node)
                if alone:
                    self.hub.stop()
            return status
        node.start = start_and_enrol
        return node


@pytest.fixture
def field():
    with Field() as f:
        f.make_hub({}).start()
        yield f


def station(field, name="qs-01", **how):
    node = field.make_station(name, TOWN, **how)
    node.start()
    return node


def openssl(*what, stdin=None, env=None):
    try:
        return subprocess.run(["openssl", *what], input=stdin, env=dict(os.environ, **env or {}), capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("openssl is not here")


def private_key(data):
    """The present TLS key of a machine, as PEM."""
    with open(os.path.join(data, "keys")) as f:
        text = f.read()
    begin, end = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----\n"
    return text[text.index(begin):text.index(end) + len(end)]


def certificate(field, name, key=None, subject="/CN=yizhan", env=None):
    """A file with this key, or a new one, and a certificate it signed by itself for the two days from now, as `env` has it."""
    if key is None:
        key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1").decode()
    path = field.write(name + ".key", key)
    request = openssl("req", "-new", "-key", path, "-subj", subject)
    made = openssl("x509", "-req", "-signkey", path, "-days", "2", stdin=request, env=env).decode()
    return field.write(name + ".pem", key + made)


def server_context(path, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if version:
        context.maximum_version = version
    return context


def client_context(path=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if path:
        context.load_cert_chain(path)
    if version:
        context.maximum_version = version
    return context


class Caller:
    """Somebody at the hub's door, with the certificate of this file or with none."""

    def __init__(self, port, path=None, version=None):
        self.http = http.client.HTTPSConnection("127.0.0.1", port, context=client_context(path, version), timeout=30)

    def post(self, body, path="/exchange", type="application/vnd.yizhan.exchange"):
        """(status, what was said); on the connection that is open, if one is."""
        self.http.request("POST", path, body, {"Content-Type": type})
        reply = self.http.getresponse()
        return reply.status, reply.read().decode("utf-8", "replace")

    def close(self):
        self.http.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        while "Content-Length" not in self.headers:     # take in what comes, chunked
            size = int(self.rfile.readline(), 16)
            self.rfile.read(size + 2)
            if size == 0:
                break
        self.server.seen += 1
        status, headers, body = self.server.reply
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def serve(field, context, reply=(200, {}, b"")):
    """Somebody who answers; `server.reply` is what, `server.seen` how often."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.reply, server.seen = reply, 0
    threading.Thread(target=server.serve_forever, daemon=True).start()
    field.closers.append(server.shutdown)
    return server


class Quiet:
    """A port where somebody listens, keeps whoever comes, and says nothing."""

    def __init__(self, field):
        self.door, self.seen = socket.create_server(("127.0.0.1", 0)), []
        self.port = self.door.getsockname()[1]
        field.closers.append(self.door.close)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.seen.append(self.door.accept())
            except OSError:
                return
