"""What pip installs: the wheel holds all that bulkops needs, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bulkops

ROOT = Path(bulkops.__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as pip makes it of the wheel, without the packages that it needs."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_every_module_and_one_version(installed: Path) -> None:
    """The version stands in ``bulkops/__init__.py`` alone; the command is called ``bulkops``."""
    ours = {path.relative_to(ROOT) for path in (ROOT / "bulkops").rglob("*.py")}
    assert {path.relative_to(installed) for path in installed.rglob("*.py")} == ours
    (facts,) = installed.glob("*.dist-info")
    assert facts.name == f"bulkops-{bulkops.__version__}.dist-info"
    assert "bulkops = bulkops.__main__:main" in (facts / "entry_points.txt").read_text(encoding="utf-8").splitlines()


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """In an empty folder, with nothing of the checkout in reach: the samples are made. It ends with 1, for some of
    their rows are wrong on purpose."""
    empty = tmp_path / "empty"
    empty.mkdir()
    code = "import sys, bulkops; print(bulkops.__file__); from bulkops.__main__ import main; main(sys.argv[1:])"
    surroundings = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "PYTHONDONTWRITEBYTECODE": "1",  # compiled, the published keys of practice would look as if they had leaked
        "BULKOPS_HOME": str(tmp_path / "data"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", code, "demo"], cwd=empty, env=surroundings, capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout.startswith(str(installed))
    assert len(list((tmp_path / "data").rglob("*.xlsx"))) >= 5
    assert not list(empty.iterdir())
