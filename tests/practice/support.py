"""A plain HTTP hand for the tests: it sends what it is told, right or wrong, and hides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

import bulkops
from bulkops.practice.server import PRACTICE_KEY, PracticeServer

_PAGE = (Path(bulkops.__file__).parent.parent / "docs" / "practice.md").read_text(encoding="utf-8")
MANAGER_KEY = "practice-key-manager"
READER_KEY = "practice-key-readonly"
NO_EDIT = {
    "assignees": None,
    "comment": None,
    "costRecovery": None,
    "flagStatusId": None,
    "flagTypeId": None,
    "holdFromExport": False,
    "releaseExportHold": False,
}


def guid(number: int) -> str:
    """The GUID of a seeded task, spelled out here rather than taken from the server."""
    return f"7d9e4c10-5b3a-4f6e-9c21-{number:012d}"


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading of docs/practice.md, by their first cell."""
    part = _PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.splitlines() if line[:2] == "| "]
    return {row[0].strip("`"): row[1:] for row in rows[1:]}


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


class Api:
    """The calls as an operator with the practice key makes them."""

    def __init__(self, server: PracticeServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False

    def call(self, method: str, path: str, key: str | None = PRACTICE_KEY, **more: Any) -> requests.Response:
        headers = {"Content-Type": "application/json"} | ({"ECI-ApiKey": key} if key else {}) | more.pop("headers", {})
        more = {"timeout": 10, "allow_redirects": False} | more
        return self.session.request(method, self.server.base_url + path, headers=headers, **more)

    def get(self, path: str, key: str = PRACTICE_KEY, **query: Any) -> requests.Response:
        return self.call("GET", path, key, params=query)

    def reimport(
        self,
        task: int | str,
        mode: Any = "use existing batch",
        key: str = PRACTICE_KEY,
        *,
        more: Any = None,
        **settings: Any,
    ) -> requests.Response:
        """POST …/kickout; `settings` go into batchSettings, `more` beside it."""
        path = f"/api/v202401/import/bill/task/{guid(task) if isinstance(task, int) else task}/kickout"
        return self.call("POST", path, key, json={"batchSettings": {"batchMode": mode} | settings} | (more or {}))

    def flag(self, list_id: int | str, key: str = PRACTICE_KEY, **edit: Any) -> requests.Response:
        """PUT …/flagAction with all seven keys, null and false unless given."""
        return self.call("PUT", f"/api/v3/list/{list_id}/flagAction", key, json=NO_EDIT | edit)

    def batch(self, key: str | int) -> dict[str, Any]:
        """One batch by code or id, as the server shows it."""
        found = [batch for batch in self.get("/api/v3/batch").json() if key in (batch["batchCode"], batch["batchId"])]
        assert len(found) == 1
        return found[0]

    def batch_ids(self, clause: str) -> list[int]:
        """The batches that a filter finds."""
        return [batch["batchId"] for batch in self.get("/api/v3/batch", filter=clause).json()]

    def task_guids(self, **query: Any) -> list[str]:
        return [each["taskGUId"] for each in self.get("/api/v3/task", **query).json()]

    def task_of(self, answer: requests.Response) -> dict[str, Any]:
        """The new task of an accepted reimport."""
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = self.get(f"/api/v3/task/{answer.json()['taskGUId']}").json()
        return found

    def flag_of(self, bill: int) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/api/v3/flag/Bill/{bill}").json()
        return found

    def batch_of(self, answer: requests.Response) -> dict[str, Any]:
        """The batch that an accepted reimport puts its bills into."""
        return self.batch(self.task_of(answer)["batch"]["batchId"])


def refusal(answer: requests.Response, status: int = 400) -> str:
    """What a refusal says, after checking that it is ProblemDetails; of the validation form with the fields' names."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", status)
    said = [f"{field}: {text}" for field, texts in body.get("errors", {}).items() for text in texts]
    said = said or [body["detail"]]
    assert all(text.endswith(".") for text in said)
    return " ".join(said)
