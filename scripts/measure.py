"""Measure every page of the site in Chromium, as a reader's connection and machine meet it.

    python scripts/measure.py                 a table; exit code 1 when a bar is missed
    python scripts/measure.py --lighthouse    Lighthouse's scores too (fetched once)
    python scripts/measure.py --growth        instead: what builds take with 60 pages

The site is published into a folder of its own, from the records of the last runs.
"""

import argparse
import sys

from press.auditing.costs import audit
from press.auditing.growth import measure_growth
from press.reading.problems import say


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lighthouse", action="store_true", help="run Lighthouse too")
    parser.add_argument("--growth", action="store_true", help="what builds take with 60 pages")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    missed = measure_growth() if asked.growth else audit(asked.lighthouse)
    for miss in missed:
        say(f"missed: {miss}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
