"""Senders that try to take from others what belongs to all. Each runs in a process of its own, for a bounded time.

An attacker knows the address of the proxy and what anybody knows: no token that is good. `prepare` comes before anything is measured;
`run(port, seconds)` returns how many requests or octets it got rid of, so that an attack that did nothing shows.
"""

import base64
import multiprocessing
import os
import selectors
import socket
import ssl
import time

from . import materials

REQUEST = f"GET /nowhere HTTP/1.1\r\nHost: {materials.HOST}\r\n\r\n".encode()


def connect(port, address="127.0.0.1", receive_buffer=None):
    """A TLS connection that never waits. `receive_buffer`: octets that the system takes for a reader that is slow."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the system's authorities, which take long to load
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.socket()
    plain.settimeout(10)
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.bind((address, 0))
    plain.connect(("127.0.0.1", port))
    connection = context.wrap_socket(plain)
    connection.setblocking(False)
    return connection


def pump(connections, octets, seconds, reads=True):
    """Writes `octets` on all connections again and again, and reads what comes if `reads`. Returns octets written."""
    end, written = time.monotonic() + seconds, 0
    places = {connection: 0 for connection in connections}
    waits = (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)
    while time.monotonic() < end and places:
        idle = True
        for connection in list(places):
            try:
                count = connection.send(octets[places[connection]:places[connection] + 65_536])
                places[connection] = (places[connection] + count) % len(octets)
                written += count
                idle = False
            except waits:
                pass
            except OSError:
                del places[connection]
                continue
            try:
                while reads and connection.recv(262_144):
                    idle = False
            except waits:
                pass
            except OSError:
                places.pop(connection, None)
        if idle:
            time.sleep(0.0005)
    return written


class Attack:
    name, says = "", ""
    # Seconds until it has begun, and others are measured.
    settles = 0.5
    # Whether nginx has what is attacked.
    has_peer = True
    # The good client's tokens: by which algorithm, and whether it has another one for each request.
    good_algorithm, good_is_new = "RS256", False

    def prepare(self, port, site):
        """What the attack needs before it begins, such as connections."""

    def run(self, port, seconds):
        raise NotImplementedError


class Pipeline(Attack):
    name, says = "pipeline", "four connections write requests without pause, and read the answers"

    def run(self, port, seconds):
        return pump([connect(port) for _ in range(4)], REQUEST * 2_000, seconds)


class Unread(Attack):
    name, says = "unread", "a hundred connections write requests without pause, and read no answer"

    def run(self, port, seconds):
        return pump([connect(port) for _ in range(100)], REQUEST * 2_000, seconds, reads=False)


class Refused(Attack):
    name, says = "refused", "sixteen connections ask for what is not there, one request at a time"

    def run(self, port, seconds):
        connections = [connect(port) for _ in range(16)]
        selector, sent = selectors.DefaultSelector(), 0
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
            connection.send(REQUEST)
        end = time.monotonic() + seconds
        while time.monotonic() < end and selector.get_map():
            for key, _ in selector.select(0.1):
                try:
                    if not key.fileobj.recv(65_536):
                        raise OSError
                    key.fileobj.send(REQUEST)
                    sent += 1
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    pass
                except OSError:
                    selector.unregister(key.fileobj)
                    try:
                        again = connect(port)
                        again.send(REQUEST)
                        selector.register(again, selectors.EVENT_READ)
                    except OSError:
                        time.sleep(0.001)
        return sent


class Chunks(Attack):
    name, says = "chunks", "four uploads in chunks of one octet, written without pause"

    def run(self, port, seconds):
        connections = [connect(port) for _ in range(4)]
        for connection in connections:
            connection.send(f"POST /nowhere HTTP/1.1\r\nHost: {materials.HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        return pump(connections, b"1\r\nx\r\n" * 10_000, seconds)


class Slow(Attack):
    """Many connections of one address, which is not the good client's. Each moves a little once a second; one that is ended is
    opened anew."""

    CONNECTIONS, ADDRESS = 700, "127.0.0.2"
    settles = 8

    def begin(self, port):
        """A connection whose request is under way."""
        raise NotImplementedError

    def move(self, connection):
        """Sends or takes a little. Returns the octets; an error if the other side has ended it."""
        raise NotImplementedError

    def run(self, port, seconds):
        end, moved, connections = time.monotonic() + seconds, 0, []
        while time.monotonic() < end:
            round_ends = time.monotonic() + 1
            for connection in list(connections):
                try:
                    moved += self.move(connection)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                    pass
                except OSError:
                    connections.remove(connection)
                    connection.close()
            while len(connections) < self.CONNECTIONS and time.monotonic() < min(round_ends, end):
                try:
                    connections.append(self.begin(port))
                except OSError:
                    break
            time.sleep(max(0, min(round_ends, end) - time.monotonic()))
        for connection in connections:
            connection.close()
        return moved


class SlowBodies(Slow):
    name, says = "slow-bodies", "700 bodies of one address, in chunks, an octet a second"

    def begin(self, port):
        connection = connect(port, self.ADDRESS)
        connection.send(
            f"POST /orders/upload HTTP/1.1\r\nHost: {materials.HOST}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        return connection

    def move(self, connection):
        try:
            # An answer can only be a refusal.
            connection.recv(4_096)
            raise OSError
        except ssl.SSLWantReadError:
            connection.send(b"1\r\nx\r\n")
            return 1


class SlowDownloads(Slow):
    name, says = "slow-downloads", "700 answers of 64 MiB to one address, 64 octets a second"

    def begin(self, port):
        connection = connect(port, self.ADDRESS, receive_buffer=2_304)
        connection.send(f"GET /orders/large HTTP/1.1\r\nHost: {materials.HOST}\r\n\r\n".encode())
        return connection

    def move(self, connection):
        # Below TLS, which would take a whole record and then nothing for minutes: a standstill, which is another attack.
        count = len(os.read(connection.fileno(), 64))
        if count == 0:
            raise OSError
        return count


class BadTokens(Attack):
    """Tokens of the issuer in everything but their signature, each of which has to be checked.

    Each address stays within `bad_tokens_per_minute_max` (60), so that no request is refused for its address. No check is cheaper for
    being of the same token: every signature is another one.
    """

    ADDRESSES = 800
    REQUESTS_PER_SECOND = 1.0  # and address
    has_peer = False

    def __init__(self, algorithm, good_algorithm="RS256", good_is_new=False):
        self.algorithm, self.good_algorithm, self.good_is_new = algorithm, good_algorithm, good_is_new
        self.name = f"bad-{algorithm}" + (f"-{good_algorithm}" if good_is_new else "")
        self.says = (f"{self.ADDRESSES} addresses, each with a token a second with a wrong {algorithm} signature"
                     + (f"; the good client has another {good_algorithm} token for each request" if good_is_new else ""))
        self.connections, self.token = [], ""

    def prepare(self, port, site):
        self.token = site.materials.token_by(self.algorithm)
        self.connections = [connect(port, f"127.{2 + number // 250}.1.{1 + number % 250}") for number in range(self.ADDRESSES)]

    def request(self):
        signed, signature = self.token.rsplit(".", 1)
        octets = bytearray(base64.urlsafe_b64decode(signature + "=="))
        octets[8:24] = os.urandom(16)
        token = f"{signed}.{materials.base64url(octets)}"
        return f"GET /orders/1k HTTP/1.1\r\nHost: {materials.HOST}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    def run(self, port, seconds):
        begun, sent, waits = time.monotonic(), 0, (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError)
        every = 1 / (self.ADDRESSES * self.REQUESTS_PER_SECOND)
        while (now := time.monotonic()) < begun + seconds:
            while begun + sent * every < now:
                connection = self.connections[sent % len(self.connections)]
                sent += 1
                try:
                    while connection.recv(65_536):  # the answer to the one before
                        pass
                except waits:
                    pass
                try:
                    connection.send(self.request())
                except (*waits, OSError):
                    pass
            time.sleep(0.0005)
        return sent


ATTACKS = [Pipeline(), Unread(), Refused(), Chunks(), SlowBodies(), SlowDownloads(), BadTokens("ES512"), BadTokens("ES384"), BadTokens("ES512", "RS256", True),
           BadTokens("ES512", "ES512", True)]


class Attacking:
    """An attack in a process of its own, while the block runs."""

    PREPARING_SECONDS = 60

    def __init__(self, attack, port, site, seconds):
        self.done = multiprocessing.Value("q", 0)
        self.ready = multiprocessing.Event()
        self.process = multiprocessing.Process(target=self._run, args=(attack, port, site, seconds), daemon=True)
        self.seconds = seconds

    def _run(self, attack, port, site, seconds):
        attack.prepare(port, site)
        self.ready.set()
        self.done.value = attack.run(port, seconds)

    def __enter__(self):
        self.process.start()
        self.ready.wait(self.PREPARING_SECONDS)
        return self

    def __exit__(self, *_):
        self.process.join(self.seconds + 20)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
