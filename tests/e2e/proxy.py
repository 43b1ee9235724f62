"""A bad line: forwards TCP on loopback and breaks it on request.

    p = Proxy(hub_port); p.port            what a station is given as its hub
    p.cut_request(n)                       pass n more bytes upwards, then cut; once, or
    p.cut_reply(n)                         `times` times; the same with the answer
    p.stall()                              take everything, pass nothing, until heal()
    p.narrow(n)                            lose what comes in larger pieces than n, and pass nothing more of that
                                           connection that way; unless its other end asked for packets so small
    p.refuse(), p.down(), p.heal()         no new connection; none at all; all is well again

A cut closes both sides, so that the other end sees it at once; n counts from the
call on, over all connections.  cut_reply(0) is the nastiest:
the hub has answered, so it has committed, and nobody hears of it.
"""
import socket
import threading

class Proxy:
    def __init__(self, target, host="127.0.0.1"):
        self.target, self.host = (host, target), host
        self.lock = threading.Lock()
        self.pairs, self.faults = set(), 0
        self.passed = {"request": 0, "reply": 0}
        self.mode = None            # "request" or "reply": what is to be cut
        self.after = self.left = self.times = 0
        self.go = threading.Event()
        self.go.set()
        self.widest = None
        self.port, self.door = 0, None
        self.listen()

    # -- orders

    def cut_request(self, n, times=1):
        self.arm("request", n, times)

    def cut_reply(self, n, times=1):
        self.arm("reply", n, times)

    def stall(self):
        self.go.clear()

    def narrow(self, n):
        self.widest = n

    def refuse(self):
        """New connections; those there are stay."""
        with self.lock:
            door, self.door = self.door, None
        if door:
            try:
                door.shutdown(socket.SHUT_RDWR)     # wakes accept
            except OSError:
                pass
            door.close()

    def down(self):
        self.refuse()
        self.cut_all()

    def heal(self):
        with self.lock:
            self.mode = None
        self.go.set()
        if self.door is None:
            self.listen()

    def close(self):
        self.down()
        self.go.set()

    # -- inside

    def arm(self, mode, n, times):
        with self.lock:
            self.mode, self.after, self.left, self.times = mode, n, n, times

    def listen(self):
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((self.host, self.port))
        door.listen(64)
        self.port, self.door = door.getsockname()[1], door
        threading.Thread(target=self.accept, args=(door,), daemon=True).start()

    def accept(self, door):
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, timeout=5)
                far.settimeout(None)
            except OSError:
                self.shut(near)
                continue
            pair = (near, far)
            for s in pair:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs.add(pair)
            for way, source, sink in (("request", near, far), ("reply", far, near)):
                threading.Thread(target=self.pump, args=(way, source, sink, pair), daemon=True).start()

    def pump(self, way, source, sink, pair):
        try:
            while True:
                data = source.recv(65536)
                self.go.wait()
                cut = False
                if self.widest and len(data) > self.widest < pair[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG):
                    self.faults += 1
                    return                      # nobody is told
                with self.lock:
                    if self.mode == way and data:
                        cut = len(data) > self.left or self.left == 0
                        data = data[:self.left]
                        self.left -= len(data)
                        if cut:
                            self.faults += 1
                            self.left, self.times = self.after, self.times - 1
                            self.mode = way if self.times else None
                    self.passed[way] += len(data)
                if data:
                    sink.sendall(data)
                if cut or not data:
                    return self.cut(pair)
        except OSError:
            self.cut(pair)

    def cut_all(self):
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self.cut(pair)

    def cut(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            self.shut(s)

    @staticmethod
    def shut(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()
