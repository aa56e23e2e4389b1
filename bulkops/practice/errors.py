"""The bodies of error answers, in the shapes that `Choices.errors` names."""

import html
from collections import defaultdict
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from .records import Refused
from .state import State

PROBLEM_JSON = "application/problem+json"


class ProblemDetails(BaseModel):
    """`errors` says what is wrong with each field; only validation errors have it."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: dict[str, list[str]] | None = None


def declared() -> dict[int | str, dict[str, Any]]:
    """For /openapi.json: every error is a ProblemDetails unless `Choices.errors` says otherwise."""
    schema = ProblemDetails.model_json_schema()
    return {"4XX": {"description": "The request is refused.", "content": {PROBLEM_JSON: {"schema": schema}}}}


def handle_errors(app: FastAPI, state: State) -> None:
    """Every error of the app, the framework's own too, is answered by one handler."""

    async def answer(request: Request, why: Exception) -> Response:
        if isinstance(why, Refused):
            return error_answer(state, why.status, why.message)
        if isinstance(why, RequestValidationError):
            return error_answer(state, 400, *_explained(why.errors()))
        assert isinstance(why, HTTPException)
        return error_answer(state, why.status_code, f"{why.detail}.", headers=why.headers)

    for kind in (Refused, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def error_answer(
    state: State,
    status: int,
    message: str,
    errors: dict[str, list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error in the shape that `Choices.errors` names; `errors` says what is wrong with each field."""
    match state.choices.errors:
        case "problem":
            title = "One or more validation errors occurred." if errors else HTTPStatus(status).phrase
            facts = {"type": "about:blank", "title": title, "status": status}
            facts |= {"errors": errors} if errors else {"detail": message}
            return JSONResponse(facts, status, headers, media_type=PROBLEM_JSON)
        case "message":
            return JSONResponse({"message": message}, status, headers)
        case "text":
            return PlainTextResponse(message, status, headers)
        case "html":
            page = f"<!DOCTYPE html><html><head><title>{html.escape(message)}</title></head></html>"
            return HTMLResponse(page, status, headers)
        case "empty":
            return Response(status_code=status, headers=headers)


def _explained(defects: Sequence[Any]) -> tuple[str, dict[str, list[str]]]:
    """One sentence, and the texts by the path of the field, such as `batchSettings.batchMode`."""
    by_field: dict[str, list[str]] = defaultdict(list)
    for defect in defects:
        place, *path = defect["loc"]
        field = ".".join(map(str, path)) if path and defect["type"] != "json_invalid" else f"the {place}"
        text = defect["msg"].removeprefix("Value error, ")
        by_field[field].append(text if text.endswith(".") else f"{text}.")
    return " ".join(f"{name}: {text}" for name, texts in by_field.items() for text in texts), dict(by_field)
