"""What the site holds besides its pages: programs, notebooks, figures, exercises, licences."""

import json
from importlib import metadata
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from press.exercises.bundle import bundle, bundle_path, python_files, runtime_files
from press.publishing.edition import Edition
from press.showing.figures import figure_paths, variants
from press.showing.foot import NAMES, notebook_path, program_path


def licences(root: Path) -> dict[str, Path]:
    """The licences of what others made and the site publishes: {name in the site: file}."""

    def of(package: str) -> Path:
        files = metadata.files(package) or []
        return next(Path(file.locate()) for file in files if file.name.startswith("LICENSE"))

    return {
        "licences/mathjax.txt": root / "node_modules" / "mathjax" / "LICENSE",
        "licences/material.txt": of("mkdocs-material"),
        "licences/mkdocs.txt": of("mkdocs"),
    }


def add_files(files: Files, config: MkDocsConfig, edition: Edition) -> Files:
    """Add all that lies beside the pages and does not stand in docs/."""
    build, shelf = edition.build, edition.shelf

    def add(path: str, **source) -> None:
        files.append(File.generated(config, path, **source))

    for path, taken in (licences(build.root) | runtime_files(build.root)).items():
        if taken.is_file():
            add(path, abs_src_path=str(taken))
    for path, file in shelf.pages.items():
        # As if it lay in docs/: mkdocs-jupyter overlooks what is generated.
        files.append(File(path, str(file.parent), config.site_dir, config.use_directory_urls))
        add(f"{file.stem}/{path}", content=shelf.texts[file.stem])
    python = json.dumps(python_files(build.root), separators=(",", ":"))
    add("live/python.json", content=python)
    if build.facts:
        add(NAMES, content=build.names.text)
    for page in build.pages:
        for file, svg in build.record(page)["figures"].items():
            drawn = variants(svg)
            for scheme, path in figure_paths(page, file).items():
                add(path, content=drawn[scheme])
        if page.program:
            add(program_path(page), content=page.source())
        if page.stem in shelf.texts:
            add(notebook_path(page), content=shelf.texts[page.stem])
        if page.exercises and not build.problems_of(page):
            add(bundle_path(page), content=bundle(build, page))
    return files
