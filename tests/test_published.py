"""What a public forge reads: workflows, the citation, the change log, forms for issues."""

import re
from pathlib import Path

import pytest
import yaml

import d2lres

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
WORKFLOW = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def commands(path: Path) -> str:
    """Every command that a workflow gives."""
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return "\n".join(step["run"] for job in jobs for step in job["steps"] if "run" in step)


@WORKFLOW
def test_a_workflow_calls_what_there_is(path):
    """Targets of the Makefile, and files of the repository."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = commands(path)
    assert set(re.findall(r"\bmake ([\w-]+)", called)) <= targets
    for name in re.findall(r"(?<!\S)((?:\.ci|constraints|requirements)[\w./]*)", called):
        assert (ROOT / name).is_file(), name


@WORKFLOW
def test_a_workflow_may_do_no_more_than_it_must(path):
    """It reads, unless a job says what it writes; what it cannot end is ended."""
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job or "permissions" in job


def test_the_weekly_run_skips_a_test_that_there_is():
    """With the pins lifted, everything has drifted from them: that one test is left out by name."""
    skipped = re.search(r"-k 'not (\w+)'", commands(ROOT / ".github" / "workflows" / "newest.yml"))
    assert f"def test_nothing_has_{skipped[1]}_from" in (
        ROOT / "tests" / "test_environment.py"
    ).read_text(encoding="utf-8")


def test_the_citation_names_the_book_and_where_it_is():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["title"] == CONFIG["title"]
    assert citation["repository-code"] == CONFIG["repository"]["url"]
    owner, name = citation["repository-code"].split("/")[-2:]
    assert citation["url"] == f"https://{owner}.github.io/{name}/"
    assert {"cff-version", "message", "authors"} <= set(citation)


def test_the_change_log_knows_this_version():
    log = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(d2lres.__version__)}$", log, re.MULTILINE)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_asks_something(path):
    form = yaml.safe_load(path.read_text())
    if path.stem != "config":
        assert form["name"] and form["description"]
        ids = [field["id"] for field in form["body"]]
        assert ids and len(set(ids)) == len(ids)
