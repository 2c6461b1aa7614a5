"""What is compared. A proxy writes its own configuration into a folder and says how it is started.

Every one of them: one worker, TLS 1.3 with the same P-256 certificate in front, HTTP/1.1 keep-alive, the same upstream
over mutual TLS 1.3 with its name checked and connections reused, a line in a log file for each request.
"""

from dataclasses import dataclass
from pathlib import Path

LIMIT_NEVER_REACHED = 1_000_000  # requests a second and client


@dataclass
class Site:
    """What all configurations share."""

    materials: object
    upstream_port: int


class Proxy:
    name = ""
    does = ""
    authenticates = False
    log = ""

    def command(self, site, folder, port, limit=LIMIT_NEVER_REACHED):
        """Writes the configuration and returns the command."""
        raise NotImplementedError

    def good(self, site):
        """Fields of a request that is served, and of one that must be refused (None: none is looked at here)."""
        return {"Authorization": f"Bearer {site.materials.token()}"}, None

    def log_lines(self, folder):
        path = Path(folder) / self.log
        return path.read_bytes().count(b"\n") if path.exists() else 0
