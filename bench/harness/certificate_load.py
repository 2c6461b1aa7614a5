"""Token requests over connections with a client certificate, which neither wrk nor h2load can show."""

import http.client
import threading
import time


def load(host, port, path, body, context, connections, seconds):
    """A report as tokens.lua makes it. Each connection has a thread; what they cost is not the server's."""
    end, results, lock = time.monotonic() + seconds, [], threading.Lock()

    def run():
        micros, errors = [], 0
        connection = http.client.HTTPSConnection(host, port, context=context, timeout=20)
        try:
            while (began := time.monotonic()) < end:
                connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
                answer = connection.getresponse()
                answer.read()
                errors += answer.status != 200
                micros.append((time.monotonic() - began) * 1e6)
        except (OSError, http.client.HTTPException):
            errors += 1
        finally:
            connection.close()
        with lock:
            results.append((micros, errors))

    began = time.monotonic()
    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
    micros = sorted(one for each, _ in results for one in each)
    return {"requests": len(micros), "seconds": time.monotonic() - began, "errors": sum(errors for _, errors in results),
            "p50_us": micros[len(micros) // 2] if micros else 0, "p99_us": micros[len(micros) * 99 // 100] if micros else 0}
