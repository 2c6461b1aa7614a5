"""A real PostgreSQL from the system's package, in a folder of its own, reached through a Unix socket."""

import os
import pwd
import subprocess
import time
from pathlib import Path

from server import free_port


class PostgreSQL:
    def __init__(self, folder):
        root = Path("/usr/lib/postgresql")
        versions = sorted((int(entry.name) for entry in root.glob("[0-9]*")), reverse=True) if root.exists() else []
        if not versions:
            raise SystemExit("there is no PostgreSQL on this machine; scripts/prepare test installs it")
        self.programs, self.folder, self.port = root / str(versions[0]) / "bin", Path(folder), free_port()
        self.data = self.folder / "data"
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.chmod(0o755)
        self._run("initdb", "-D", self.data, "-U", "portcullis", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")

    def start(self):
        self.log = open(self.folder / "server.log", "ab")
        settings = [f"port={self.port}", "listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=100"]
        words = [word for setting in settings for word in ("-c", setting)]
        self.process = subprocess.Popen(
            self._as_owner("postgres", "-D", self.data, *words), cwd=self.folder, stdout=self.log, stderr=self.log)
        for _ in range(300):
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "server.log").read_text())
            try:
                self.sql("SELECT 1", "postgres")
                return self
            except subprocess.CalledProcessError:
                time.sleep(0.05)
        raise SystemExit("PostgreSQL does not start")

    def stop(self):
        self.process.send_signal(2)
        self.process.wait(20)

    def database(self, name):
        """A new database; what `database:` in routes.yaml says of it."""
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return f"{{postgresql: {{host: {self.folder}, port: {self.port}, database: {name}, user: portcullis}}}}"

    def sql(self, text, database):
        """Lines, columns with | between them."""
        return self._run(
            "psql", "-h", self.folder, "-p", self.port, "-U", "portcullis", "-d", database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-c", text).split()

    def _run(self, *words):
        return subprocess.run(
            self._as_owner(*words), cwd=self.folder, capture_output=True, text=True, timeout=60, check=True).stdout

    def _as_owner(self, program, *words):
        prefix = ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        return prefix + [str(word) for word in (self.programs / program, *words)]
