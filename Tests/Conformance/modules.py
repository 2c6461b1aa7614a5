"""The table of modules: each is a function with the name of the suite's module, `_` for its `-` and `__` for its `_`."""

import dataclasses
import typing


class Failed(Exception):
    """The server does not do what the specification demands."""


class Warned(Exception):
    """It does not do what the specification recommends, or leaves open."""


class Skipped(Exception):
    """It does not offer what the module is about, and does not say that it does."""


@dataclasses.dataclass(frozen=True)
class Module:
    plan: str
    name: str
    # Takes what the plan's modules share.
    run: typing.Callable
    # It waits for a time that the specification names: it runs beside the others.
    waits: bool


TABLE: list[Module] = []


def module(*plans, waits=False):
    """Puts the function into the table, once for each plan."""
    def add(function):
        name = "_".join(part.replace("_", "-") for part in function.__name__.split("__"))
        TABLE.extend(Module(plan, name, function, waits) for plan in plans)
        return function
    return add


def demand(condition, reason):
    if not condition:
        raise Failed(reason)


def recommend(condition, reason):
    if not condition:
        raise Warned(reason)


def needs(condition, reason):
    if not condition:
        raise Skipped(reason)
