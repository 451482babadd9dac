# SPDX-License-Identifier: Apache-2.0
"""Reads what callgrind wrote: which lines spent how many instructions.

A line counts for the file that it stands in, also where the compiler put a
function into another one. What a library spends counts for who called it.
"""

import collections
import re


class Place(collections.namedtuple("Place", "object file function")):
    """A function, and the file of those of its lines that are meant."""

    def key(self):
        return self.object, self.function


_NAMED = re.compile(r"(fl|fi|fe|fn|ob|cfi|cfl|cfn|cob)=\((\d+)\)(?: (.*))?$")
_COST = re.compile(r"[+*-]?\d* (\d+)$")  # positions are lines alone
_MADE = re.compile(r"(\.(lto_priv|isra|part|constprop|cold)(\.\d+)*)+$|'\d+$")
_SYSTEM = re.compile(r"/usr/|.*/lib/gcc/")


class Profile:
    """costs: instructions of each place. calls: for each (object, function),
    what the places that called it spent in it, callees included."""

    def __init__(self):
        self.costs = collections.Counter()
        self.calls = collections.defaultdict(collections.Counter)


class _Reader:
    """Names are written out once, and later stand as numbers."""

    def __init__(self):
        self.profile = Profile()
        self.names = {}
        self.object = self.file = self.function = ""
        self.callee = {}

    def _name(self, key, number, text):
        kind = "file" if key in ("fl", "fi", "fe", "cfi", "cfl") else key[-2:]
        if text is not None:
            self.names[kind, number] = _MADE.sub("", text)
        return self.names[kind, number]

    def note(self, key, number, text):
        name = self._name(key, number, text)
        if key == "ob":
            self.object = name
        elif key == "fn":
            self.function = name
        elif key[0] == "c":
            self.callee[key] = name
        elif key == "fl" or not _SYSTEM.match(name):
            # A header of the system serves the lines around it.
            self.file = name

    def add(self, cost, is_call):
        place = Place(self.object, self.file, self.function)
        if not is_call:
            self.profile.costs[place] += cost
            return
        callee = self.callee.get("cob", self.object), self.callee["cfn"]
        self.profile.calls[callee][place] += cost
        self.callee = {}


def read(path):
    """Returns the profile that a file holds."""
    reader, is_call = _Reader(), False
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            named, cost = _NAMED.match(line), _COST.match(line)
            if named:
                reader.note(*named.groups())
            elif cost:
                reader.add(int(cost[1]), is_call)
            is_call = line.startswith("calls=")
    return reader.profile


def difference(many, few):
    """What a long run spent more than a short one."""
    profile = Profile()
    profile.costs = many.costs.copy()
    profile.costs.subtract(few.costs)
    for callee, callers in many.calls.items():
        profile.calls[callee] = callers.copy()
        profile.calls[callee].subtract(few.calls.get(callee, {}))
    return profile


def spread(profile, library_of):
    """Costs by (library, place). library_of(object) is None for what counts
    itself; a library's costs are given to the places of others that called it,
    by what each spent in it. The sum stays."""
    costs = collections.Counter()
    for place, cost in profile.costs.items():
        library = library_of(place.object)
        for caller, share in _callers(profile, place, library_of, ()).items():
            costs[library, caller] += cost * share
    return costs


def _callers(profile, place, library_of, path):
    """Places outside of libraries that a place works for, and the share of
    each, 1 in all. What nobody called works for itself."""
    if library_of(place.object) is None:
        return {place: 1.0}
    path = (*path, place.key())
    callers = {caller: cost
               for caller, cost in profile.calls.get(place.key(), {}).items()
               if cost > 0 and caller.key() not in path}
    total = sum(callers.values())
    shares = collections.Counter()
    for caller, cost in callers.items():
        above = _callers(profile, caller, library_of, path)
        for who, share in above.items():
            shares[who] += share * cost / total
    return shares or {place: 1.0}
