"""A hub that is not quite itself: passes asks on, and lets a test change the frames of the answer, MACs and all.

    r = Relay(hub_port, name, secret); r.port      what the station is given as its hub
    r.change = lambda frames: ...                  [(type, payload)] as they shall be told; once
    r.last                                         the frames of the last answer
"""
import http.server
import threading

import wire


class Relay:
    def __init__(self, hub_port, name, secret):
        self.codec, self.change, self.last = wire.Station(hub_port, name, secret), None, None
        self.asked = b""
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                relay.pass_on(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def body(request):
        """A long ask comes in chunks, as its length is not known before."""
        if "Content-Length" in request.headers:
            return request.rfile.read(int(request.headers["Content-Length"]))
        out = b""
        while True:
            size = int(request.rfile.readline(), 16)
            out += request.rfile.read(size)
            request.rfile.readline()
            if size == 0:
                return out

    def pass_on(self, request):
        ask = self.body(request)
        try:
            status, data = self.codec.post(ask)
        except OSError:
            request.close_connection = True     # the hub is gone: so are we
            return
        if status == 200:
            frames = self.codec.frames(ask[4:20], data)
            change, self.change = self.change, None
            if change:
                data = self.codec.answer(ask[4:20], change(list(frames)))
            self.last, self.asked = frames, ask
        request.send_response(status)
        request.send_header("Content-Type", "application/vnd.yizhan.exchange" if status == 200 else "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)
