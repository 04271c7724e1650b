"""Builds that are killed, that meet, that repeat; what is run again and what is not."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from conftest import PLAIN, ROOT, until
from press.auditing.browser import free_port, page_at
from press.reading.names import Names, read_names
from press.reading.pages import read_site
from press.records import machine, runs

RUNNING = "scripts/press/running"
SNIPPET, DY = "snippets/square.py", "dy = 2 * y  # (1, m)"


def test_when_nothing_is_stale_nothing_runs_and_torch_is_not_imported(project):
    script = (
        "import sys; sys.path.insert(0, 'scripts'); import build; code = build.main([]);"
        "sys.exit(code or 'torch' in sys.modules or 'mkdocs' not in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project.folder,
        env=PLAIN,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "running" not in done.stderr


def test_two_fresh_builds_give_the_same_bytes(project):
    before = project.site()
    code, said = project.build("--fresh")
    assert code == 0, said
    assert "running 1 of 1 page programs" in said
    assert project.site() == before


def kept_html(project):
    """When the HTML of each page was made that the next build may take."""
    return {
        path.stem: path.stat().st_mtime_ns for path in project.path("build/html").rglob("*.md.json")
    }


def test_only_a_page_that_has_changed_is_made_html_of_again(project):
    before = kept_html(project)
    assert before.keys() == {"index.md", "square.md"}
    project.edit("docs/square.md", "As before", "As ever")
    assert project.build()[0] == 0
    after = kept_html(project)
    assert {stem for stem in before if after[stem] != before[stem]} == {"square.md"}
    assert "As ever" in project.site()["square/index.html"].decode()


SETTINGS = {
    "another extension": ("  - tables\n", "", "square/index.html"),
    "other addresses": ("strict: false", "strict: false\nuse_directory_urls: false", "square.html"),
    "another address of the site": ('!ENV [SITE_URL, ""]', "https://example.org/x/", "square/index.html"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_kept_html_is_never_that_of_other_settings(project, name):
    old, new, page = SETTINGS[name]
    project.edit("mkdocs.yml", old, new)
    assert project.build()[0] == 0
    taken = project.site()[page]
    shutil.rmtree(project.path("build/html"))
    assert project.build()[0] == 0
    assert project.site()[page] == taken


def test_a_page_with_a_warning_is_refused_at_every_build(project):
    project.edit("docs/index.md", "square.md#dx", "cube.md")
    for _ in range(2):
        code, said = project.build()
        assert code == 1 and "docs/index.md:3: the link cube.md leads nowhere" in said


def stale_key(project, names_file="snippets/setup/names.txt"):
    pages, problems = read_site(project.folder, ["index.md", "square.md"])
    assert not problems
    names_list = Names(names_file, project.path(names_file).read_bytes())
    return runs.page_key(pages[1], runs.environment_key(names_list))


def test_a_page_is_stale_when_its_program_changes(project):
    before = stale_key(project)
    project.edit(SNIPPET, DY, "dy = y * 2  # (1, m)")
    assert stale_key(project) != before


def test_a_page_is_not_stale_when_its_prose_changes(project):
    before = stale_key(project)
    project.edit("docs/square.md", "As before", "As ever")
    assert stale_key(project) == before


def test_a_page_is_stale_when_the_names_change(project):
    before = stale_key(project)
    project.path("other.txt").write_text("emma\nava\n" * 60)
    assert stale_key(project, "other.txt") != before


@pytest.mark.parametrize(
    "script", sorted(p.name for p in (ROOT / RUNNING).iterdir() if p.is_file())
)
def test_a_page_is_stale_when_what_runs_it_changes(project, script, monkeypatch):
    monkeypatch.setattr(runs, "RUNNING", project.path(RUNNING))
    before = stale_key(project)
    with project.path(f"{RUNNING}/{script}").open("a") as file:
        file.write("# changed\n")
    assert stale_key(project) != before


def test_a_page_is_stale_when_its_run_gets_other_variables(project, monkeypatch):
    before = stale_key(project)
    monkeypatch.setitem(runs.ENVIRONMENT, "OMP_NUM_THREADS", "2")
    assert stale_key(project) != before


@pytest.mark.parametrize("package", ["torch", "matplotlib"])
def test_a_page_is_stale_with_another_version_of_a_package(project, package, monkeypatch):
    before, version = stale_key(project), machine.metadata.version
    monkeypatch.setattr(
        machine.metadata, "version", lambda name: "0.1" if name == package else version(name)
    )
    assert stale_key(project) != before


def test_a_page_is_stale_with_another_python(project, monkeypatch):
    before = stale_key(project)
    monkeypatch.setattr(machine.platform, "python_version", lambda: "3.99.0")
    assert stale_key(project) != before


def test_a_page_is_stale_on_another_processor(project, monkeypatch):
    before = stale_key(project)
    monkeypatch.setattr(machine, "processor", lambda: "a processor of another make")
    assert stale_key(project) != before


def test_a_page_runs_again_only_when_it_is_stale(project):
    project.edit(SNIPPET, DY, "dy = y + y  # (1, m)")
    code, said = project.build("square")
    assert code == 0 and "running 1 of 1" in said
    code, said = project.build("square")
    assert code == 0 and "running" not in said


def test_a_sentence_may_quote_either_run(project):
    both = "{{ square.loss:.15f }} and {{ float64.square.loss:.15f }}"
    project.edit("docs/square.md", "{{ square.loss:.3f }}", both)
    code, said = project.build()
    assert code == 0 and "running" not in said
    shown = re.search(r"(0\.\d{15}) and (0\.\d{15})", project.site()["square/index.html"].decode())
    in_float32, in_float64 = map(float, shown.groups())
    assert 0 < abs(in_float32 - in_float64) < 1e-6


def test_a_page_whose_record_is_of_an_older_form_runs_again(project):
    path = project.path("build/pages/square.json")
    record = json.loads(path.read_text())
    del record["result"]["float64"]
    path.write_text(json.dumps(record))
    code, said = project.build("square")
    assert code == 0 and "running 1 of 1" in said


def test_page_names_run_only_those_pages_and_publish_nothing(project):
    before = project.site()
    project.edit("docs/square.md", "As before", "As ever")
    code, said = project.build("square")
    assert code == 0, said
    assert project.site() == before


def test_a_page_name_that_is_not_there_is_a_mistake_of_usage(project):
    code, said = project.build("squares")
    assert code == 2
    assert "there is no page squares: pages are index, square" in said


def test_an_unknown_option_is_a_mistake_of_usage(project):
    code, said = project.build("--quick")
    assert code == 2 and "unrecognized arguments: --quick" in said


def test_an_endless_loop_is_stopped_and_named(project):
    before = project.site()
    project.edit("docs/square.md", "description:", "seconds: 3\ndescription:")
    project.edit(SNIPPET, DY, f"while True:\n    pass\n{DY}")
    code, said = project.build()
    assert code == 1
    assert "section dy was still running after 3 s, and was stopped" in said
    assert project.site() == before


def test_a_page_that_measures_time_runs_alone(project):
    project.edit("docs/square.md", "description:", "alone: true\ndescription:")
    code, said = project.build()
    assert code == 0, said


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_a_build_killed_half_way_leaves_the_old_site_and_no_process(project, running):
    before, pid = project.site(), project.path("pid")
    slow = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    project.edit(SNIPPET, DY, f"{slow}\n{DY}")
    process = project.start()
    running.append(process)
    until(lambda: pid.exists() and pid.read_text())
    process.kill()
    process.wait()
    until(lambda: not alive(int(pid.read_text())), 10)
    assert project.site() == before
    project.edit(SNIPPET, slow, "pass")
    assert project.build()[0] == 0, "a build after the killed one"


def test_the_second_of_two_builds_waits_and_says_so(project, running):
    started = project.path("started")
    slow = f"import time; open({str(started)!r}, 'w'); time.sleep(3)"
    project.edit(SNIPPET, DY, f"{slow}\n{DY}")
    first = project.start()
    running.append(first)
    until(started.exists)
    code, said = project.build()
    assert code == 0, said
    assert "another build is running here: waiting" in said
    assert first.wait(30) == 0


def test_mathjax_missing_without_a_network_is_one_clear_sentence(project):
    before = project.site()
    project.path("node_modules").unlink()
    project.path("build/typeset.json").unlink()
    closed = {
        "npm_config_registry": "http://127.0.0.1:9",
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(project.path("empty")),
    }
    code, said = project.build(**closed)
    assert code == 1
    assert "MathJax is not installed and could not be fetched: connect to the network once" in said
    assert "Traceback" not in said
    assert project.site() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"names: there is no such file"),
        ("folder", r"names: this is a folder"),
        (b"", r"names: this list holds nothing"),
        (b"emma\n" * 99, r"names: this list holds 99 names: the pages need at least 100"),
        (b"emma\n" * 120 + b"zo\xeb\n", r"names:121: this is not UTF-8 \(byte 0xeb\)"),
        ("emma\n" * 120 + "zoë\n", r"names:121: 'zoë' holds 'ë': names are written with a to z only"),
        (b"emma\nEmma\n" * 60, r"names:2: 'Emma' holds 'E'"),
        (b"emma\n\n" * 60, r"names:2: this line is empty"),
        (b"emma\n" * 120 + b"a" * 41, r"names:121: 'a{40}…' has 41 letters: a name has at most 40"),
        (b"Emma,F,20355\nAva,F,2\nMia,F,1\nZoe,F,1\n" * 40, r"names:1: 'Emma,F,20355' holds 'E': .*; line 2: 'Ava,F,2' holds 'A': .*; line 3: .*; and 157 more\. What is left .*: cut -d, -f1 YOURS"),
        (b"emma,olivia," * 9000, r"names:1: 'emma,olivia,emma,olivia,emma,olivia,emma…' holds ','"),
    ],
)  # fmt: skip
def test_a_bad_list_of_names_is_one_clear_sentence(project, content, message):
    path = project.path("names")
    if content == "folder":
        path.mkdir()
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif content is not None:
        path.write_bytes(content)
    before = project.site()
    code, said = project.build("--names", path)
    assert code == 1
    assert re.search(message, said), said
    assert "running" not in said and "Traceback" not in said
    assert project.site() == before


def test_a_device_is_no_list_of_names(project):
    code, said = project.build("--names", "/dev/zero")
    assert code == 1 and "/dev/zero: this is a device, not a file" in said


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfada\nalan\nbob\n" + b"eve\n" * 100,
        b"ada\n" * 120 + b"\n",
        b"ada\r\n" * 120 + b"\r\n",
    ],
    ids=["a byte order mark", "an empty line at the end", "lines of Windows, and an empty one"],
)
def test_a_list_as_an_editor_leaves_it_is_read(tmp_path, raw):
    (tmp_path / "names").write_bytes(raw)
    names, problems = read_names(tmp_path, str(tmp_path / "names"))
    assert problems == [] and names.text.startswith("ada")
    assert names.count == len(raw.split())


def test_another_list_of_names_is_named_on_the_page(project):
    project.path("mine.txt").write_text("ada\nalan\nbob\n" * 50)
    code, said = project.build(NAMES=str(project.path("mine.txt")))
    assert code == 0, said
    assert "on 150 names" in project.site()["square/index.html"].decode()


def page(port, path="/square/"):
    return page_at(f"http://127.0.0.1:{port}{path}")


def test_while_serving_a_page_shows_its_mistake_and_the_next_save_repairs_it(project, running):
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
        cwd=project.folder,
        env=PLAIN,
        stderr=project.path("said").open("w"),
    )
    running.append(server)
    mistakes = [
        (SNIPPET, DY, "dy = -2 * y  # (1, m)", "dy: ours and autograd differ"),
        ("docs/square.md", "= 2 y_j", r"= 2 \wye_j", "is not TeX: Undefined control sequence"),
        ("docs/square.md", "As before", "As before, 2.5", "is typed into the page"),
        ("docs/square.md", "square.loss", "square.lost", "no run left a number called square.lost"),
        ("docs/square.md", "= 2 y_j", "= 2 y_j = 0", "equation dy has 3 sides, and its check 2"),
        ("docs/square.md", "square.py:dx", "square.py:ddx", "has no section ddx"),
        (SNIPPET, DY, "dy = (2 * y", "section dy is not whole statements"),
    ]
    until(lambda: "Squares" in page(port))
    for path, old, new, message in mistakes:
        assert message not in page(port)
        project.edit(path, old, new)
        shown = until(lambda message=message: message in page(port) and page(port))
        assert 'class="failure"' in shown and "mjx-container" not in shown
        assert 'class="failure"' not in page(port, "/"), "another page shows it too"
        assert message in project.path("said").read_text()
        project.edit(path, new, old)
        until(lambda: "mjx-container" in page(port))
    project.path("docs/stray.md").write_text("# Astray\n")
    until(lambda: "this page is not in the nav" in page(port, "/stray/"))
    server.send_signal(signal.SIGINT)
    server.wait(10)
    assert "Traceback" not in project.path("said").read_text()


def test_a_port_in_use_is_one_clear_sentence(project):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=project.folder, env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stdout and "Traceback" not in done.stdout
