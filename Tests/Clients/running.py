"""How each program of these tests begins and ends."""

import os
import subprocess
import sys
import unittest
import warnings
from pathlib import Path


def binary():
    """The first word of the command line: the program that is tested. The others are unittest's."""
    # These would count more than `verify` of a session.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    warnings.simplefilter("ignore")
    return Path(sys.argv.pop(1)).resolve()


def stop(process):
    """Ends a program that the test has started; one that does not listen is killed."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


class Count(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def run_tests(*logs):
    """All tests of the program, and if one fails the ends of these files. The exit status."""
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Count, warnings="ignore")
    result = unittest.main(exit=False, testRunner=runner).result
    if not result.wasSuccessful():
        for log in logs:
            print(Path(log).read_text(errors="replace")[-4000:], file=sys.stderr)
    print(f"{result.passed} passed, {len(result.failures) + len(result.errors)} failed", flush=True)
    return 0 if result.wasSuccessful() else 1
