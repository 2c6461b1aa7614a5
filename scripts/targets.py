"""What Package.swift says of its targets, for the scripts beside this file: so that none has a list of files or folders."""

import json
import subprocess


class Package:
    def __init__(self, root):
        """Asks SwiftPM, which takes a second; a build that goes on is no reason to wait."""
        done = subprocess.run(["swift", "package", "--ignore-lock", "dump-package"], cwd=root, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit("Package.swift cannot be read (swift package dump-package)")
        self.root = root
        dump = json.loads(done.stdout)
        self.name = dump["name"]
        self.targets = {each["name"]: each for each in dump["targets"]}

    def is_test(self, name):
        return self.targets[name]["type"] == "test"

    def modules(self):
        return sorted(name for name in self.targets if not self.is_test(name))

    def tests(self):
        return sorted(name for name in self.targets if self.is_test(name))

    def folder(self, name):
        return self.targets[name].get("path") or f"{'Tests' if self.is_test(name) else 'Sources'}/{name}"

    def sources(self, name):
        """The Swift files of a target."""
        return sorted((self.root / self.folder(name)).rglob("*.swift"))

    def direct(self, name):
        """Targets of this package that a target depends on."""
        found = []
        for dependency in self.targets[name]["dependencies"]:
            for kind in ("byName", "target"):
                if kind in dependency and dependency[kind][0] in self.targets:
                    found.append(dependency[kind][0])
        return found

    def closure(self, names):
        """These targets and all that they depend on, each after what it needs."""
        ordered = []

        def add(name):
            if name not in ordered:
                for each in self.direct(name):
                    add(each)
                ordered.append(name)

        for name in names:
            add(name)
        return ordered

    def products(self, name):
        """Products of other packages that a target depends on."""
        return [each["product"][0] for each in self.targets[name]["dependencies"] if "product" in each]

    def settings(self, name, kind):
        """What a target sets for the compiler: its "enableUpcomingFeature", its "define"."""
        kinds = [setting["kind"] for setting in self.targets[name]["settings"] if setting["tool"] == "swift"]
        return [each[kind]["_0"] for each in kinds if kind in each]

    def decides(self, name):
        """Whether it is a module that decides: no clock, no task, no input and output."""
        return "DECIDES" in self.settings(name, "define")
