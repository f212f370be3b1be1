"""What the programs of the comparison in Python share: names of work, how a step is timed, the lines that report it.

benchmarks/internal/work has the same in Go. Written for Python 3.8, on Linux for the figures of memory.
"""
import argparse
import os
import re
import statistics
import sys
import time

SETTLING, LEAST = 2, 3  # steps before the clock counts, and least number that count
SHORTEST = 5  # length of a ragged batch's shortest sequence
UNSUPPORTED = 3  # exit status of a program that does not offer the work it was asked for
NAME = re.compile(r"(Train|TrainBF16|Ragged|Infer|Generate|GenerateInt8)/((?:bi)?)(lstm|gru|rnn|fifth)/B(\d+)T(\d+)I(\d+)H(\d+)L(\d+)V(\d+)")


class Work:
    """What is measured: kind, cell, whether it reads in both directions, and sizes, named as in the name."""

    def __init__(self, name):
        found = NAME.fullmatch(name)
        if not found:
            sys.exit(f"want a name like Train/lstm/B32T50I128H128L1V65, found {name!r}")
        self.name = name
        self.kind, self.both, self.cell = found.group(1), found.group(2) == "bi", found.group(3)
        self.b, self.t, self.i, self.h, self.layers, self.v = map(int, found.groups()[3:])
        if self.generates and (self.b, self.t, self.both) != (1, 1, False):
            sys.exit(f"one sequence is generated forward, token by token: want B1T1 and one direction, found {name!r}")

    @property
    def trains(self):
        return self.kind in ("Train", "TrainBF16", "Ragged")

    @property
    def generates(self):
        return self.kind in ("Generate", "GenerateInt8")

    def lengths(self):
        """The sequences' lengths: t each, but for ragged work evenly spread."""
        if self.kind != "Ragged" or self.b == 1:
            return [self.t] * self.b
        shortest = min(SHORTEST, self.t)
        return [shortest + (self.t - shortest) * k // (self.b - 1) for k in range(self.b)]


def arguments(doc, flags=()):
    """The command line: work, threads, seconds, and further flags that are on or off, as pairs of name and help."""
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", type=Work, help="such as Train/lstm/B32T50I128H128L1V65 or Generate/gru/B1T1I128H128L1V65")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=3, help="how long to measure")
    for name, text in flags:
        p.add_argument(name, action="store_true", help=text)
    return p.parse_args()


def unsupported(why):
    print(why, file=sys.stderr)
    sys.exit(UNSUPPORTED)


def measure(step, seconds):
    """The times of steps, and what the first and the last returned."""
    first = step()
    for _ in range(SETTLING - 1):
        step()
    times, start = [], time.perf_counter()
    while len(times) < LEAST or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        last = step()
        times.append(time.perf_counter() - before)
    return times, first, last


def fastest(ways):
    """The name and the step of the fastest of several ways, a dictionary of steps, by a few steps of each."""
    name = min(ways, key=lambda way: statistics.median(measure(ways[way], 0)[0]))
    return name, ways[name]


def report(library, parts, work, threads, base, times, first=None, last=None):
    """Prints the three lines; a training whose loss has not fallen, or is a NaN, is none."""
    if work.trains and not last < first:
        sys.exit(f"the loss went from {first} to {last}; want it to fall")
    median = statistics.median(times)
    speed = sum(work.lengths()) / median
    print(f"library: {library}")
    print("build: " + ", ".join(parts))
    print(f"Benchmark{work.name}-{threads} {len(times)} {median * 1e9:.0f} ns/op {speed:.0f} tokens/s"
          f" {peak_mb():.1f} peak-MB {base:.1f} base-MB")


def peak_mb():
    """The most memory that this process has had resident, in 10^6 bytes.

    Linux's ru_maxrss starts from what the parent held when it forked, so it serves only where there is no /proc.
    """
    try:
        with open("/proc/self/status") as f:
            return int(re.search(r"VmHWM:\s*(\d+) kB", f.read()).group(1)) * 1024 / 1e6
    except (OSError, AttributeError):
        import resource
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6
