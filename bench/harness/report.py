"""Medians, ratios, targets, as Markdown."""

import statistics

TARGETS = [
    # scenario, measure, ours, theirs, at most, words
    ("steady", "cpu_us", "portcullis", "nginx", 0.80, "nginx doing no authentication"),
    ("steady", "cpu_us", "portcullis", "haproxy-jwt", 0.40, "HAProxy doing JWT RS256, stick-table limit, log"),
    ("steady", "cpu_us", "portcullis", "envoy-jwt", 0.30, "Envoy doing jwt_authn with its cache, RBAC, local rate limit, access log"),
    ("rotation", "cpu_us", "portcullis-nocache", "haproxy-jwt", 0.80, "HAProxy's JWT path, another token on every request"),
    ("steady", "cpu_us", "portcullis", "portcullis-before", 1.02, "the binary named with --beside"),
    ("rotation", "cpu_us", "portcullis-nocache", "portcullis-nocache-before", 1.02,
     "the binary named with --beside, another token on every request"),
    ("handshakes", "cpu_us", "portcullis", "nginx", 0.80, "nginx, CPU of a new TLS 1.3 handshake"),
    ("idle", "kib_per_connection", "portcullis", "nginx", 1.50, "nginx, memory of an idle connection"),
]

HEADINGS = {
    "steady": "64 keep-alive connections, one token",
    "rotation": "64 keep-alive connections, another token on every request (10,000 in rotation)",
    "tokens": "Ways of judging a token, 64 keep-alive connections (all Portcullis)",
    "handshakes": "New TLS 1.3 handshakes (P-256 certificate, X25519, no resumption, closed at once)",
    "idle": "Idle keep-alive TLS connections, after one request each, fresh process",
}
UNITS = {"cpu_us": "CPU us", "kib_per_connection": "PSS KiB/connection"}


def measure_of(scenario):
    return "kib_per_connection" if scenario == "idle" else "cpu_us"


class Results:
    def __init__(self, rounds):
        self.rounds = rounds

    def of(self, scenario, proxy, key):
        return [one[key] for one in self.rounds if one["scenario"] == scenario and one["proxy"] == proxy]

    def median(self, scenario, proxy, key):
        return statistics.median(self.of(scenario, proxy, key))

    def scenarios(self):
        return [name for name in HEADINGS if any(one["scenario"] == name for one in self.rounds)]

    def proxies(self, scenario):
        return list(dict.fromkeys(one["proxy"] for one in self.rounds if one["scenario"] == scenario and one["round"] == 1))

    def ratio(self, scenario, ours, theirs, key):
        """Ratio of the medians, and the smallest and the largest ratio within one round."""
        each = [a / b for a, b in zip(self.of(scenario, ours, key), self.of(scenario, theirs, key))]
        return self.median(scenario, ours, key) / self.median(scenario, theirs, key), min(each), max(each)


def targets(results):
    """[(words, at most, ratio or None, least, greatest)]"""
    rows = []
    for scenario, key, ours, theirs, at_most, words in TARGETS:
        if results.of(scenario, ours, key) and results.of(scenario, theirs, key):
            rows.append((words, at_most, *results.ratio(scenario, ours, theirs, key)))
        elif not theirs.endswith("-before"):
            rows.append((words, at_most, None, None, None))
    return rows


def target_table(results):
    lines = ["| Portcullis against | at most | ratio of medians | within one round | |", "|---|---|---|---|---|"]
    for words, at_most, ratio, least, greatest in targets(results):
        if ratio is None:
            lines.append(f"| {words} | {at_most:.2f} | - | - | not measured |")
        else:
            verdict = "met" if ratio <= at_most else "**missed**"
            lines.append(f"| {words} | {at_most:.2f} | {ratio:.2f} | {least:.2f}-{greatest:.2f} | {verdict} |")
    return lines


def scenario_table(results, scenario):
    key = measure_of(scenario)
    proxies = results.proxies(scenario)
    if scenario == "tokens":
        return tokens_table(results)
    ours = next((name for name in ("portcullis", "portcullis-nocache") if name in proxies), None)
    if scenario == "idle":
        lines = [f"| proxy | {UNITS[key]}, median | rounds | before, MiB | with them, MiB | Portcullis / this |", "|---|---|---|---|---|---|"]
    else:
        lines = [f"| proxy | {UNITS[key]}, median | rounds | /s | p50 ms | p99 ms | RSS MiB | Portcullis / this |",
                 "|---|---|---|---|---|---|---|---|"]
    for name in proxies:
        def median(field):
            return results.median(scenario, name, field)

        each = ", ".join(f"{value:.1f}" for value in results.of(scenario, name, key))
        ratio = f"{results.ratio(scenario, ours, name, key)[0]:.2f}" if ours and name != ours else ""
        start = f"| {name} | **{median(key):.1f}** | {each} "
        if scenario == "idle":
            lines.append(start + f"| {median('before_mib'):.1f} | {median('total_mib'):.1f} | {ratio} |")
        else:
            lines.append(start + f"| {median('per_second'):,.0f} | {median('p50_us') / 1000:.2f} | "
                         f"{median('p99_us') / 1000:.2f} | {median('rss_mib'):.1f} | {ratio} |")
    return lines


def tokens_table(results):
    plain = "cached" if results.of("tokens", "cached", "cpu_us") else None
    lines = ["| what is judged | CPU us, median | rounds | /s | p50 ms | p99 ms | more than plain, us | this / plain JWT |",
             "|---|---|---|---|---|---|---|---|"]
    for name in results.proxies("tokens"):
        def median(field):
            return results.median("tokens", name, field)

        each = ", ".join(f"{value:.1f}" for value in results.of("tokens", name, "cpu_us"))
        beside = "| | |"
        if plain and name != plain:
            more = median("cpu_us") - results.median("tokens", plain, "cpu_us")
            beside = f"| {more:.1f} | {results.ratio('tokens', name, plain, 'cpu_us')[0]:.2f} |"
        lines.append(f"| {name} | **{median('cpu_us'):.1f}** | {each} | {median('per_second'):,.0f} | {median('p50_us') / 1000:.2f} | "
                     f"{median('p99_us') / 1000:.2f} {beside}")
    return lines


def disturbance(results):
    loaded = [one for one in results.rounds if "others_percent" in one]
    if not loaded:
        return "No round was under load."
    def worst(key):
        return f"median {statistics.median(one[key] for one in loaded):.0f} %, worst {max(one[key] for one in loaded):.0f} %"
    return ("Disturbance during rounds, in percent of one core: other programs " + worst("others_percent")
            + "; taken by the hypervisor " + worst("stolen_percent") + "; this harness itself " + worst("harness_percent") + ".")


def markdown(results, about):
    """`about`: date, machine, versions, proxies, options, checks."""
    facts = about["machine"]
    lines = [
        f"Measured {about['date']} by `{about['command']}`.", "",
        *([f"**Not complete**: it ended early ({about['ended']}); what follows was measured until then.", ""] if about["ended"] else []),
        f"Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gib']} GiB; {facts['system']}, Linux {facts['kernel']}. "
        "Clients, proxy and upstream share it.", "",
        disturbance(results), "", "## Targets", "", *target_table(results), "", "## What was compared", "",
        "| name | version | what it does on a request |", "|---|---|---|"]
    lines += [f"| {name} | {version} | {does} |" for name, version, does in about["proxies"]]
    lines += ["", "All: one worker; TLS 1.3 in front (P-256 certificate); HTTP/1.1 to the same nginx upstream over mutual TLS 1.3 with its "
              "identity checked and connections reused; 1,024 octets of body. RSS counts pages shared by several processes in each."]
    for scenario in results.scenarios():
        lines += ["", f"## {HEADINGS[scenario]}", "", *scenario_table(results, scenario)]
    if about["checks"] and all(about["checks"].values()):
        names = list(about["checks"])
        lines += ["", "## What each one refused before it was measured", "", "| | " + " | ".join(names) + " |",
                  "|---|" + "---|" * len(names)]
        for index, (what, _) in enumerate(about["checks"][names[0]]):
            lines.append(f"| {what} | " + " | ".join(str(about["checks"][name][index][1]) for name in names) + " |")
    return "\n".join(lines) + "\n"


def write(path, text, who):
    """Replaces what stands between the marks of `who`; what people wrote around them stays."""
    begin, end = f"<!-- {who}: begin (a run replaces what stands between these marks) -->\n", f"<!-- {who}: end -->\n"
    page = path.read_text() if path.exists() else "# Results\n"
    before, found, rest = page.partition(begin)
    if found:
        after = rest.partition(end)[2]
    else:
        before, after = page.rstrip("\n") + "\n\n", ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(before + begin + text + end + after)
