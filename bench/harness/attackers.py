"""Senders that try to take from others what belongs to all. Each runs in a process of its own, for a bounded time.

An attacker knows the address of the proxy and what anybody knows: no token. `run(port, seconds)` returns how many requests or
octets it got rid of, so that an attack that did nothing shows.
"""

import multiprocessing
import selectors
import socket
import ssl
import time

from . import materials

REQUEST = f"GET /nowhere HTTP/1.1\r\nHost: {materials.HOST}\r\n\r\n".encode()


def connect(port, address="127.0.0.1"):
    """A TLS connection that never waits."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the system's authorities, which take long to load
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0))
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


ATTACKS = [Pipeline(), Unread(), Refused(), Chunks()]


class Attacking:
    """An attack in a process of its own, while the block runs."""

    def __init__(self, attack, port, seconds):
        self.done = multiprocessing.Value("q", 0)
        self.process = multiprocessing.Process(target=self._run, args=(attack, port, seconds), daemon=True)
        self.seconds = seconds

    def _run(self, attack, port, seconds):
        self.done.value = attack.run(port, seconds)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.process.join(self.seconds + 20)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
