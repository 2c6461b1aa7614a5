"""Before anything is measured: each proxy does what the table says it does, or the comparison would be a lie."""

import ssl
from http.client import HTTPSConnection

from . import materials
from .client import Client
from .nginx import BODY
from .processes import Failure, free_port, say

LOW_LIMIT = 3  # requests a second
BURST = 20


def check_upstream(site):
    """The upstream serves nobody without a client certificate."""
    context = ssl.create_default_context(cafile=str(site.materials.path("upstream-ca.pem")))
    context.check_hostname = False
    connection = HTTPSConnection("127.0.0.1", site.upstream_port, context=context, timeout=10)
    connection.request("GET", "/orders/1k")
    status = connection.getresponse().status
    connection.close()
    if status != 400:
        raise Failure(f"the upstream answers {status}, not 400, to a caller without a client certificate")


def check(proxy, processes, site, folder):
    """Starts the proxy with a low limit, looks at it, ends it, counts its log. Returns lines for the report."""
    found = []
    port = free_port()
    server = processes.start(proxy.name, proxy.command(site, folder, port, LOW_LIMIT), folder, port)
    client = Client(site, port)
    tokens = (site.materials.token(number) for number in range(10_000))
    sent = 2
    good = next(tokens)
    expect(proxy, client.get("/orders/1k", good), 200, BODY.encode(), "a good request")
    expect(proxy, client.get("/orders/tls", next(tokens)), 200, b"TLSv1.3 SUCCESS", "the upstream's view of its TLS")
    if proxy.authenticates:
        for what, token in site.materials.bad_tokens():
            status = client.get("/orders/1k", token)[0]
            sent += 1
            if status not in (401, 403):
                raise Failure(f"{proxy.name} answers {status} to a request with this token: {what}")
            found.append((what, status))
        statuses = [client.get("/orders/1k", good)[0] for _ in range(BURST)]
        sent += BURST
        if 429 not in statuses or set(statuses) - {200, 429}:
            raise Failure(f"{proxy.name} at {LOW_LIMIT} requests a second answers {statuses} to {BURST} at once")
        found.append((f"{BURST} at once where {LOW_LIMIT}/s are allowed", 429))
    processes.stop(server)
    lines = proxy.log_lines(folder)
    if lines < sent:
        raise Failure(f"{proxy.name} wrote {lines} lines into {proxy.log} for {sent} requests")
    say(f"{proxy.name}: serves, TLS 1.3 on both sides, logs"
        + (f"; refuses {len(found) - 1} bad tokens, and what is too fast" if found else ""))
    return found


def expect(proxy, answer, status, body, what):
    if answer[0] != status or answer[1] != body or answer[2] != "TLSv1.3":
        raise Failure(
            f"{proxy.name}: {what}: expected {status}, TLSv1.3, {body[:40]!r}; "
            f"found {answer[0]}, {answer[2]}, {answer[1][:120]!r}")
