"""The five scenarios. A round is a dictionary of what was measured for one proxy; each is put into `Bench.rounds` at once."""

import json
import os
import random
import resource
import select
import subprocess
import time
from contextlib import contextmanager

from . import machine, materials
from .client import Client
from .nginx import BODY
from .processes import Failure, free_port, say, tool, BENCH

CONNECTIONS = 64
ROTATION_TOKENS = 10_000
HANDSHAKE_CLIENTS = 2
IDLE_ROUNDS_MAX = 3
TOKENS_ROUNDS_MAX = 3
DPOP_PER_SECOND_MAX = 14_000
SETTLING_SECONDS = 0.1
IDLE_SETTLING_SECONDS = 2


class Bench:
    """One run: where things are, how much is measured, and what is running."""

    def __init__(self, options, site, processes, folder):
        self.options, self.site, self.processes, self.folder = options, site, processes, folder
        self.rounds = []
        self.proxy_core, self.other_core = (0, 1) if options.pin else (None, None)

    def start(self, proxy, scenario):
        folder = self.folder / scenario / proxy.name
        number = 0
        while folder.exists():
            number += 1
            folder = self.folder / scenario / f"{proxy.name}-{number}"
        folder.mkdir(parents=True)
        port = free_port()
        return self.processes.start(
            proxy.name, proxy.command(self.site, folder, port), folder, port, core=self.proxy_core)

    def client_environment(self):
        core = self.other_core
        return {"preexec_fn": (lambda: os.sched_setaffinity(0, {core})) if core is not None else None}

    def in_rounds(self, scenario, proxies, measure, most=None):
        """All proxies at once, measured in turn; every round begins with another one."""
        servers = []
        try:
            for proxy in proxies:
                servers.append((proxy, self.start(proxy, scenario)))
            for proxy, server in servers:
                probe(self, proxy, server)
            number_of_rounds = min(self.options.rounds, most or self.options.rounds)
            for number in range(number_of_rounds):
                shift = number % len(servers)
                for proxy, server in servers[shift:] + servers[:shift]:
                    result = {"scenario": scenario, "round": number + 1, "proxy": proxy.name} | measure(proxy, server)
                    say_round(result, number_of_rounds)
                    self.rounds.append(result)
            for proxy, server in servers:
                probe(self, proxy, server)
        finally:
            for _, server in servers:
                self.processes.stop(server)


def probe(bench, proxy, server):
    """wrk cannot tell 200 from 302: this looks at one answer."""
    client = Client(bench.site, server.port)
    good, bad = proxy.good(bench.site)
    status, body, version = client.get("/orders/1k", fields=good)
    if bad and (refused := client.get("/orders/1k", fields=bad)[0]) != 401:
        raise Failure(f"{proxy.name} answers {refused} to a signature with one octet changed:\n{server.tail()}")
    if (status, body, version) != (200, BODY.encode(), "TLSv1.3"):
        raise Failure(f"{proxy.name} answers {status} over {version} before or after a round:\n{server.tail()}")


@contextmanager
def cpu_of(server, upstream):
    """CPU of the server's processes between entry and exit, and how much of the machine somebody else used."""
    def look():
        busy, stolen = machine.busy_and_stolen_seconds()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        pids = server.pids
        return {
            "pids": pids, "server": machine.cpu_seconds(pids), "upstream": machine.cpu_seconds(upstream.pids), "busy": busy,
            "stolen": stolen, "clients": children.ru_utime + children.ru_stime, "own": own.ru_utime + own.ru_stime,
            "wall": time.monotonic(),
        }

    found = {}
    before = look()
    yield found
    time.sleep(SETTLING_SECONDS)  # the closing of the clients' connections belongs to the round
    after = look()
    if after["pids"] != before["pids"]:
        raise Failure(f"{server.name} lost or gained a process in the middle of a round:\n{server.tail()}")
    spent = {key: after[key] - before[key] for key in before if key != "pids"}
    others = spent["busy"] - sum(spent[key] for key in ("server", "upstream", "clients", "own"))
    found.update(
        cpu_seconds=spent["server"], rss_mib=machine.rss_kib(after["pids"]) / 1024,
        others_percent=max(0.0, 100 * others / spent["wall"]), stolen_percent=100 * spent["stolen"] / spent["wall"],
        harness_percent=100 * spent["own"] / spent["wall"])


def say_round(result, rounds):
    words = [f"{result['scenario']} {result['round']}/{rounds} {result['proxy']}:"]
    if "cpu_us" in result:
        words.append(f"{result['cpu_us']:.1f} us CPU, {result['per_second']:.0f}/s, p50 {result['p50_us'] / 1000:.2f} ms, "
                     f"p99 {result['p99_us'] / 1000:.2f} ms, others {result['others_percent']:.0f} % of a core")
    else:
        words.append(f"{result['kib_per_connection']:.1f} KiB a connection, {result['total_mib']:.1f} MiB in all")
    say(" ".join(words))


def wrk(bench, server, tokens, seconds):
    command = [tool("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", BENCH / "load.lua",
               f"https://{materials.HOST}:{server.port}/orders/1k", "--", tokens, materials.HOST]
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=seconds + 60,
                              **bench.client_environment())
    except subprocess.TimeoutExpired as late:
        raise Failure(f"wrk did not end after {seconds} s against {server.name}:\n{server.tail()}") from late
    line = next((line for line in done.stdout.splitlines() if line.startswith("REPORT ")), None)
    if done.returncode or line is None:
        raise Failure(f"wrk failed against {server.name}:\n{done.stdout}{done.stderr}")
    report = json.loads(line.removeprefix("REPORT "))
    errors = {name: count for name, count in report["errors"].items() if count}
    if errors or report["requests"] == 0 or report["bytes"] < report["requests"] * len(BODY):
        raise Failure(
            f"a round is void: {server.name} answered {report['requests']} requests with {report['bytes']} octets, "
            f"errors {errors}:\n{server.tail()}")
    return report


def requests(bench, upstream, scenario, proxies, tokens, most=None):
    """`tokens` gives the file of tokens for so many seconds of load on a proxy."""
    def measure(proxy, server):
        wrk(bench, server, tokens(proxy, bench.options.warm_up), bench.options.warm_up)
        file = tokens(proxy, bench.options.seconds)
        with cpu_of(server, upstream) as used:
            report = wrk(bench, server, file, bench.options.seconds)
        return used | {
            "count": report["requests"], "cpu_us": used["cpu_seconds"] * 1e6 / report["requests"],
            "per_second": report["requests"] / report["seconds"], "p50_us": report["p50_us"], "p99_us": report["p99_us"]}

    bench.in_rounds(scenario, proxies, measure, most)


def steady(bench, upstream, proxies):
    tokens = bench.folder / "one-token.txt"
    tokens.write_text(bench.site.materials.token() + "\n")
    requests(bench, upstream, "steady", proxies, lambda *_: tokens)


def rotation(bench, upstream, proxies):
    say(f"signing {ROTATION_TOKENS:,} tokens")
    tokens = bench.folder / "tokens.txt"
    with open(tokens, "w") as file:
        for number in range(ROTATION_TOKENS):
            file.write(bench.site.materials.token(number) + "\n")
    requests(bench, upstream, "rotation", proxies, lambda *_: tokens)


def tokens(bench, upstream, proxies):
    """What each way of judging a token costs, beside the one that is known from the cache."""
    def file(proxy, seconds):
        path = bench.folder / f"tokens-{proxy.name}.txt"
        # A proof is good for one request of the next minute: made just before, and more than can be used.
        path.write_text("\n".join(proxy.lines(bench.site, seconds * DPOP_PER_SECOND_MAX)) + "\n")
        return path

    requests(bench, upstream, "tokens", proxies, file, TOKENS_ROUNDS_MAX)


def handshakes(bench, upstream, proxies):
    def run(server, count):
        share = count // HANDSHAKE_CLIENTS
        command = [BENCH / "out/handshakes", server.port, share, 120, bench.site.materials.path("front-ca.pem"), materials.HOST]
        clients = [
            subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             **bench.client_environment()) for _ in range(HANDSHAKE_CLIENTS)]
        reports = []
        for client in clients:
            output, errors = client.communicate(timeout=150)
            if client.returncode:
                raise Failure(f"a round is void: {server.name}: {errors.strip()}\n{server.tail()}")
            reports.append(json.loads(output))
        return share * HANDSHAKE_CLIENTS, reports

    def measure(_, server):
        run(server, max(HANDSHAKE_CLIENTS, bench.options.handshakes // 10))
        with cpu_of(server, upstream) as used:
            count, reports = run(server, bench.options.handshakes)
        return used | {
            "count": count, "cpu_us": used["cpu_seconds"] * 1e6 / count,
            "per_second": count / max(report["seconds"] for report in reports),
            "p50_us": max(report["p50_us"] for report in reports), "p99_us": max(report["p99_us"] for report in reports)}

    bench.in_rounds("handshakes", proxies, measure)


def idle(bench, _, proxies):
    """A fresh process each time: its memory grows, and does not shrink again when the connections are gone."""
    number_of_rounds = min(bench.options.rounds, IDLE_ROUNDS_MAX)
    token = bench.site.materials.token()
    for number in range(number_of_rounds):
        for proxy in proxies:
            server = bench.start(proxy, "idle")
            client = Client(bench.site, server.port)
            held = []
            try:
                warm = client.held_open("/orders/1k", token)
                for _ in range(20):
                    client.again(warm, "/orders/1k", token)
                warm.close()
                time.sleep(IDLE_SETTLING_SECONDS)
                before = machine.pss_kib(server.pids)
                for _ in range(bench.options.connections):
                    held.append(client.held_open("/orders/1k", token))
                time.sleep(IDLE_SETTLING_SECONDS)
                after = machine.pss_kib(server.pids)
                check_still_open(client, held, token, server)
            finally:
                for connection in held:
                    connection.close()
                bench.processes.stop(server)
            result = {
                "scenario": "idle", "round": number + 1, "proxy": proxy.name, "before_mib": before / 1024,
                "total_mib": after / 1024, "kib_per_connection": (after - before) / len(held)}
            say_round(result, number_of_rounds)
            bench.rounds.append(result)


def check_still_open(client, held, token, server):
    poll = select.poll()
    for connection in held:
        poll.register(connection, select.POLLIN | select.POLLHUP)
    closed = len(poll.poll(0))
    if closed:
        raise Failure(f"{server.name} closed {closed} of {len(held)} idle connections:\n{server.tail()}")
    for connection in random.sample(held, min(20, len(held))):
        client.again(connection, "/orders/1k", token)
