"""Put a finished site in the place of the old one, and delete nothing that no build made.

A site is built in a folder beside its place and put there by two renames. Each folder that a
build makes holds a hidden file with the list of what the build wrote there. What is not on
that list is somebody's: a folder that holds such a thing is refused. Hidden entries at the top
(a worktree's `.git`) and CNAME are carried over into the new site, as MkDocs keeps them.
"""

import os
import shutil
from pathlib import Path

from press.reading.problems import say

WRITTEN = ".written-by-the-build"  # in each folder that a build makes: what it wrote, a path a line
KEPT = "CNAME"  # and whatever is hidden at the top
LITTER = {".DS_Store"}  # macOS puts it into each folder that somebody looks at
OURS = ("docs", "snippets", "scripts", "tests", "build", "node_modules", ".git", ".venv")


class PublishError(Exception):
    """A site cannot be put where it was asked for; nothing has been changed there."""


def aside(site: Path) -> Path:
    """Where the old site stands between the two renames."""
    return site.with_name(f".{site.name}.replaced")


def beside(site: Path) -> Path:
    """Where the new site is built: on the same disk, so that it can be renamed."""
    return site.with_name(f".{site.name}.unfinished")


def prepare(root: Path, site: Path) -> None:
    """See that a site may be published here, and make the folder in which it is built.

    Raises PublishError where something would be lost, or cannot be written.
    """
    if inside := next((name for name in OURS if within(site, root / name)), None):
        raise PublishError(f"{site}: the project's own {inside}/ is no place for a site")
    if root.is_relative_to(site):
        raise PublishError(f"{site}: this folder holds the project: choose another for the site")
    for working in (beside(site), aside(site)):
        if os.path.lexists(working) and not (working / WRITTEN).is_file():
            raise PublishError(
                f"{working} is in the way, and no build made it: give it another name"
            )
    try:
        recover(site)
        refuse_strangers(site)
        discard(site)
        beside(site).mkdir(parents=True)
        (beside(site) / WRITTEN).touch()
    except OSError as error:
        raise PublishError(not_writable(site, error)) from error


def within(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder.resolve())


def not_writable(site: Path, error: OSError) -> str:
    return f"{site}: the site cannot be written there ({error.strerror}): nothing was published"


def discard(site: Path) -> None:
    """Remove what was built and is not published."""
    if (beside(site) / WRITTEN).is_file():
        remove(beside(site))


def remove(folder: Path) -> None:
    """Remove a folder that a build made; its list goes last, or the next build would not know it."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != WRITTEN:
            entry.unlink()
    shutil.rmtree(folder)


def written(folder: Path) -> set[str]:
    """What the build that made a folder wrote there; nothing where no build did."""
    known = folder / WRITTEN
    return set(known.read_text("utf-8").splitlines()) if known.is_file() else set()


def paths_in(folder: Path) -> list[str]:
    """Every file of a folder and every folder without one, as "a/b"; links are not followed."""
    paths = []
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if Path(here, name).is_symlink()]
        paths += [Path(here, name) for name in [*links, *files]]
        if not (folders or files):
            paths.append(Path(here))
    return sorted(path.relative_to(folder).as_posix() for path in paths if path != folder)


def kept(path: str) -> bool:
    """Whether something stays where it is when a site is published around it."""
    return path.startswith(".") or path == KEPT


def refuse_strangers(site: Path) -> None:
    """Raise PublishError where a folder holds what no build wrote."""
    if not os.path.lexists(site):
        return
    if not site.is_dir():
        raise PublishError(f"{site} is a file: a site is a folder")
    known = written(site)
    strangers = [
        path
        for path in paths_in(site)
        if not (kept(path) or path in known or path.rpartition("/")[2] in LITTER)
    ]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise PublishError(
            f"{site} holds {strangers[0]}{more}, which no build is known to have written, and publishing "
            "would delete it: move it away, or publish elsewhere (mkdocs build -d FOLDER)"
        )


def recover(site: Path) -> None:
    """Put right what a build left that was stopped between its two renames, or after them."""
    if not aside(site).is_dir():
        return
    if not site.is_dir():
        aside(site).rename(site)
        say(f"put {site.name}/ back: an earlier build was stopped while it published")
    else:
        carry_over(site)


def carry_over(site: Path) -> None:
    """Take into the new site what stays of the old one; the rest of that was a build's, and goes."""
    gone = written(aside(site)) | {WRITTEN}
    for entry in aside(site).iterdir():
        if kept(entry.name) and entry.name not in gone and not os.path.lexists(site / entry.name):
            entry.rename(site / entry.name)
    remove(aside(site))


def swap(site: Path) -> None:
    """Put the new site in the place of the old one, by two renames.

    Raises PublishError, with the old site where it was, if that cannot be done.
    """
    refuse_strangers(site)  # somebody may have put something there while the pages ran
    try:
        text = "".join(f"{path}\n" for path in paths_in(beside(site)) if path != WRITTEN)
        (beside(site) / WRITTEN).write_text(text, "utf-8", newline="\n")
        if site.is_dir():
            (site / WRITTEN).touch()  # so that the next build knows what it finds aside
            site.rename(aside(site))
        try:
            beside(site).rename(site)
        except OSError:
            if aside(site).is_dir():
                aside(site).rename(site)
            raise
    except OSError as error:
        raise PublishError(not_writable(site, error)) from error
    if aside(site).is_dir():
        carry_over(site)
