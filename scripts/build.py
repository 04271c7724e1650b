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
    from publish import BuildLock
    from state import Site, nav_pages, say
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
    parser.add_argument(
        "--names", default=os.environ.get("NAMES"), metavar="FILE", help="another list of names"
    )
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    asked = arguments(argv)
    os.environ["NO_MKDOCS_2_WARNING"] = "1"  # a notice about MkDocs' future, at every start
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort, MkDocsException

    try:
        config = load_config(str(ROOT / "mkdocs.yml"))
        if asked.pages:
            return run_some(asked, nav_pages(config.nav))
        if asked.names:
            os.environ["NAMES"] = str(Path(asked.names).absolute())
        os.environ["FRESH"] = "1" if asked.fresh else ""
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


def run_some(asked: argparse.Namespace, nav: list[str]) -> int:
    """Run some pages and say what is wrong with them; publish nothing."""
    site = Site.read(ROOT, nav)
    unknown = set(asked.pages) - {page.stem for page in site.pages}
    if unknown:
        say(
            f"there is no page {', '.join(sorted(unknown))}: pages are {', '.join(page.stem for page in site.pages)}"
        )
        return 2
    lock = BuildLock()
    lock.take(ROOT, say)
    site.run(asked.names, asked.fresh, asked.pages)
    lock.release()
    concern = [
        problem
        for page in site.pages
        if page.stem in asked.pages
        for problem in site.problems_of(page)
    ]
    for problem in dict.fromkeys(concern):
        say(f"error: {problem}")
    return 1 if concern else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
