"""Measure every page of the site in Chromium, as a reader's connection and machine meet it.

    python scripts/measure.py                 a table; exit code 1 when a bar is missed
    python scripts/measure.py --lighthouse    Lighthouse's scores too (fetched once)

The site is published into a folder of its own, from the records of the last runs.
"""

import argparse
import sys

from press.auditing.costs import audit


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lighthouse", action="store_true", help="run Lighthouse too")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(1 if audit(arguments(sys.argv[1:]).lighthouse) else 0)
