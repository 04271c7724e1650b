"""Run every stale page against autograd, and publish the site if all of them hold.

    python scripts/build.py                  run what is stale, publish into site/
    python scripts/build.py cross_entropy    run only these pages, publish nothing
    python scripts/build.py --fresh          run every page again
    python scripts/build.py --names FILE     with another list of names

Exit code 0: all is right. 1: something in the content is wrong. 2: usage.
"""

import argparse
import os
import sys
from pathlib import Path

try:
    from press.publishing.session import BuildLock
    from press.reading.pages import nav_pages
    from press.reading.problems import say
    from press.records.build import Build
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed in {sys.executable}: after scripts/serve or scripts/test "
        "use .venv/bin/python, or run pip install -r requirements.txt"
    )

ROOT = Path(__file__).resolve().parent.parent


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "pages", nargs="*", metavar="PAGE", help="run only these pages, publish nothing"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="run every page again, whatever is kept"
    )
    parser.add_argument("--names", metavar="FILE", help="another list of names")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a notice about MkDocs' future, at every start
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    try:
        config = load_config(str(ROOT / "mkdocs.yml"))
        config.extra["names"] = asked.names or config.extra["names"]
        config.extra["fresh"] = asked.fresh
        if asked.pages:
            return run_some(config, asked.pages)
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    except Abort as stop:
        say(str(stop))
        return 1
    except MkDocsException as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped: nothing was published")
        return 1
    return 0


def run_some(config, stems: list[str]) -> int:
    """Run some pages and say what is wrong with them; publish nothing."""
    build = Build.read(ROOT, nav_pages(config.nav), fresh=config.extra["fresh"])
    known = [page.stem for page in build.pages]
    if unknown := sorted(set(stems) - set(known)):
        say(f"there is no page {', '.join(unknown)}: pages are {', '.join(known)}")
        return 2
    lock = BuildLock()
    lock.take(ROOT)
    build.run(config.extra["names"], stems)
    lock.release()
    chosen = [page for page in build.pages if page.stem in stems]
    concern = dict.fromkeys(problem for page in chosen for problem in build.problems_of(page))
    for problem in concern:
        say(f"error: {problem}")
    return 1 if concern else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
