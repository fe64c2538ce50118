"""Write the address of the repository, which _config.yml holds, wherever the project gives it.

    python scripts/address.py            rewrite the files that give another address, and name them
    python scripts/address.py --check    exit 1 where there is such a file

Links that open the book, commands that fetch it, and the first cell of every notebook are found by
their form, not by the old address.  A notebook keeps its outputs and all other cells to the byte.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUP_CELL = """\
try:
    import d2lres
except ImportError:  # in Colab, or wherever the book is not installed
    %pip install -q git+{url}@{branch}
    import d2lres
d2lres.setup()"""
# What gives the address in a page: the form, and how it is written.
FORMS = (
    (r"colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+/",
     "colab.research.google.com/github/{repository}/blob/{branch}/"),
    (r"mybinder\.org/v2/gh/[^/\s]+/[^/\s]+/[^/?\s)]+", "mybinder.org/v2/gh/{repository}/{branch}"),
    (r"codespaces\.new/[^/\s]+/[^/\s)?`]+", "codespaces.new/{repository}"),
    (r"git clone https://\S+\ncd \S+", "git clone {url}\ncd {name}"),
    (r"(?m)^repository-code: \S+$", "repository-code: {url}"),
    (r"https://[\w-]+\.github\.io/[^/\s]+/", "https://{owner}.github.io/{name}/"),
    (r"git\+https://[^\s@`\"']+(@[^\s`\"']+)?", "git+{url}@{branch}"),
)  # fmt: skip


def address(config: str) -> dict:
    """The address in the text of _config.yml, with its parts."""
    url = re.search(r"^  url: (https://github\.com/\S+)$", config, re.MULTILINE)[1]
    branch = re.search(r"^  branch: (\S+)$", config, re.MULTILINE)[1]
    repository = url.removeprefix("https://github.com/")
    owner, name = repository.split("/")
    return {
        "url": url, "branch": branch, "repository": repository, "owner": owner, "name": name,
    }  # fmt: skip


def page(text: str, here: dict) -> str:
    """A page with this address in every form that gives one."""
    for form, written in FORMS:
        text = re.sub(form, lambda _, written=written: written.format(**here), text)
    return text


def notebook(text: str, here: dict) -> str:
    """A notebook with this address in its pages, and the setup cell as it is today."""
    content = json.loads(text)
    for cell in content["cells"]:
        if cell["cell_type"] == "code" and "%pip install -q git+" in "".join(cell["source"]):
            cell["source"] = SETUP_CELL.format(**here).splitlines(keepends=True)
        elif cell["cell_type"] == "markdown":
            cell["source"] = page("".join(cell["source"]), here).splitlines(keepends=True)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def files(root: Path = ROOT) -> list[Path]:
    """The pages and notebooks that readers open, and the citation."""
    return sorted(
        path
        for folder in ("", "chapters", "assignments")
        for suffix in ("md", "ipynb", "cff")
        for path in (root / folder).glob(f"{'**/' if folder else ''}*.{suffix}")
    )


def written(path: Path, here: dict) -> str:
    """What the file holds once it gives this address."""
    return (notebook if path.suffix == ".ipynb" else page)(path.read_text(encoding="utf-8"), here)


def main() -> int:
    here = address((ROOT / "_config.yml").read_text(encoding="utf-8"))
    changed = [path for path in files() if written(path, here) != path.read_text(encoding="utf-8")]
    for path in changed:
        print(path.relative_to(ROOT))
        if "--check" not in sys.argv:
            path.write_text(written(path, here), encoding="utf-8")
    return 1 if changed and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
