"""Where a site is put, and what stands there already: nothing of somebody's is ever lost."""

import os
import re
import subprocess
import sys

import pytest
from conftest import PLAIN
from press.publishing import swap as publishing
from press.publishing.swap import PublishError, aside, beside, discard, paths_in, prepare, swap


def tree(folder):
    """Every file of a folder with its bytes, and every link with where it leads."""
    return {
        path: os.readlink(folder / path)
        if (folder / path).is_symlink()
        else (folder / path).is_file() and (folder / path).read_bytes()
        for path in paths_in(folder)
    }


def written(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def published(root, site, files):
    """Publish some files as a build does."""
    prepare(root, site)
    written(beside(site), files)
    swap(site)


@pytest.fixture
def place(tmp_path):
    """A project's folder and a place for its site, with a site there."""
    root, site = written(tmp_path / "project", {"docs/a.md": "a"}), tmp_path / "out"
    published(root, site, {"index.html": "one", "a/index.html": "one"})
    return root, site


def test_a_site_replaces_the_one_before_and_nothing_is_left_beside_it(place):
    root, site = place
    published(root, site, {"index.html": "two"})
    assert (site / "index.html").read_text() == "two" and not (site / "a").exists()
    assert sorted(path.name for path in site.parent.iterdir()) == ["out", "project"]


MINE = {
    "a file of another name": {"mine.txt": "x"},
    "a file in a page's folder": {"a/mine.txt": "x"},
    "a hidden file in a page's folder": {"a/.mine": "x"},
    "a folder of files": {"photos/1.jpg": "x", "photos/2.jpg": "x"},
}


@pytest.mark.parametrize("files", MINE.values(), ids=MINE)
@pytest.mark.parametrize("ours", [True, False], ids=["in a site", "in a folder"])
def test_a_folder_that_holds_what_no_build_wrote_is_refused_and_kept(tmp_path, place, files, ours):
    root, site = place
    site = written(site if ours else tmp_path / "other", files)
    before = tree(site)
    with pytest.raises(PublishError, match=r"holds [\w./]+( and 1 more)?, which no build is known"):
        prepare(root, site)
    assert tree(site) == before


def test_an_empty_folder_and_a_link_of_somebodys_are_refused_too(place):
    root, site = place
    (site / "uploads").mkdir()
    with pytest.raises(PublishError, match="holds uploads, which"):
        prepare(root, site)
    (site / "uploads").rmdir()
    (site / "link").symlink_to(root / "docs")
    with pytest.raises(PublishError, match="holds link, which"):
        prepare(root, site)


def test_what_somebody_puts_there_while_the_pages_run_is_kept(place):
    root, site = place
    prepare(root, site)
    written(beside(site), {"index.html": "two"})
    before = tree(written(site, {"mine.txt": "x"}))
    with pytest.raises(PublishError, match=r"holds mine\.txt"):
        swap(site)
    discard(site)
    assert tree(site) == before and not beside(site).exists()


def test_hidden_entries_at_the_top_and_cname_stay(place):
    root, site = place
    written(site, {".git": "gitdir: x", ".well-known/x": "y", "CNAME": "example.org"})
    for text in ("two", "three"):
        published(root, site, {"index.html": text})
        assert (site / ".git").read_text() == "gitdir: x"
        assert (site / ".well-known/x").read_text() == "y"
        assert (site / "CNAME").read_text() == "example.org"


def test_a_cname_that_the_pages_brought_goes_when_they_bring_it_no_more(place):
    root, site = place
    published(root, site, {"index.html": "two", "CNAME": "example.org"})
    published(root, site, {"index.html": "two", "CNAME": "example.com"})
    assert (site / "CNAME").read_text() == "example.com"
    published(root, site, {"index.html": "three"})
    assert not (site / "CNAME").exists()


@pytest.mark.parametrize("working", [aside, beside], ids=["aside", "beside"])
@pytest.mark.parametrize("kind", ["folder", "file"])
def test_somebodys_own_entry_with_the_name_of_a_working_folder_is_kept(place, working, kind):
    root, site = place
    if kind == "folder":
        written(working(site), {"mine.txt": "x"})
    else:
        working(site).write_text("x")
    with pytest.raises(PublishError, match="is in the way, and no build made it"):
        prepare(root, site)
    discard(site)
    assert working(site).exists() and (site / "index.html").read_text() == "one"


@pytest.mark.parametrize("name", ["out.old", "out.new"])
def test_folders_with_ordinary_names_beside_the_site_are_kept(place, name):
    root, site = place
    written(site.with_name(name), {"mine.txt": "x"})
    published(root, site, {"index.html": "two"})
    assert (site.with_name(name) / "mine.txt").read_text() == "x"


def test_a_build_stopped_between_its_renames_is_put_right_by_the_next(place, capsys):
    root, site = place
    written(site, {".git": "gitdir: x"})
    before = tree(site)
    prepare(root, site)
    site.rename(aside(site))
    prepare(root, site)
    assert "put out/ back: an earlier build was stopped" in capsys.readouterr().err
    assert tree(site) == before


def test_a_build_stopped_after_its_renames_loses_nothing(place, monkeypatch):
    root, site = place
    written(site, {".git": "gitdir: x"})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(publishing, "carry_over", stopped)
        published(root, site, {"index.html": "two"})
    assert (site / "index.html").read_text() == "two" and not (site / ".git").exists()
    prepare(root, site)
    assert (site / ".git").read_text() == "gitdir: x" and not aside(site).exists()


def stopped(site):
    raise KeyboardInterrupt


def refused(project, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *map(str, arguments)],
        cwd=project.folder, env=PLAIN, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["build", "build/pages", "snippets", "scripts/press/reading", ".", ".."]
)
def test_the_projects_own_folders_are_no_place_for_a_site(project, name):
    before = tree(project.folder)
    said = refused(project, "-d", project.path(name))
    assert re.search(r"is no place for a site|holds the project|should not be within", said), said
    assert tree(project.folder).keys() - {"build/lock"} == before.keys() - {"build/lock"}


def test_a_file_in_the_place_of_the_site_is_one_clear_sentence(project):
    project.path("page").write_text("x")
    assert "page is a file: a site is a folder" in refused(project, "-d", project.path("page"))
    assert project.path("page").read_text() == "x"


def test_a_worktree_of_the_branch_that_is_published_can_be_built_into_again_and_again(project):
    """As for GitHub Pages: the branch lies in a folder beside, with git's own file in it."""

    def git(*command, cwd=project.folder):
        named = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(
            ["git", *named, *command], cwd=cwd, check=True, capture_output=True, text=True
        ).stdout

    pages = project.path("pages")
    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message=start")
    git("worktree", "add", "--quiet", "-b", "gh-pages", pages)
    for number in (1, 2):
        (pages / "CNAME").write_text("example.org")
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "-d", pages],
            cwd=project.folder, env=PLAIN, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert (pages / "CNAME").read_text() == "example.org"
        git("add", "--all", cwd=pages)
        git("commit", "--quiet", f"--message={number}", "--allow-empty", cwd=pages)
    assert "square/index.html" in git("ls-files", cwd=pages)
