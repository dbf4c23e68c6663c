"""What Ninja leaves out of the OpenAPI document: failures, headers, examples, the second key."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from accounts.idempotency import HEADER as IDEMPOTENCY_KEY
from accounts.idempotency import KEY
from accounts.schemas import ProblemOut
from config.openapi_examples import NAMED, example_of

PROBLEM: Final = "ProblemOut"
PROBLEM_TYPE: Final = "application/problem+json"
REFERENCE: Final = "#/components/schemas/{model}"
# By the name Ninja gives the first, which is that of its class.
BEARER, HEADER = "KeyAuth", "KeyHeader"
HEADER_SCHEME: Final = {"type": "apiKey", "in": "header", "name": "X-API-Key"}

REQUEST_ID: Final = {
    "in": "header",
    "name": "X-Request-ID",
    "required": False,
    "description": "Names the request in the answer and in our log; 8 to 64 of A-Z a-z 0-9 . _ -",
    "schema": {"type": "string"},
    "example": "nightly-report-17",
}
HEADERS: Final = {
    "X-Request-ID": "The name of this request; failures carry it as `instance`.",
    "RateLimit-Policy": "Requests (`q`) in a window of `w` seconds, by tier.",
    "RateLimit": "Requests left (`r`), and the seconds (`t`) until there are more.",
    "Retry-After": "Seconds after which the same request may succeed.",
    "Idempotent-Replayed": "`true` where the answer is the stored one and nothing was done.",
}
HEADER_EXAMPLES: Final = {
    "X-Request-ID": "nightly-report-17",
    "RateLimit-Policy": '"premium";q=600;w=60',
    "RateLimit": '"premium";r=598;t=42',
    "Retry-After": "2",
    "Idempotent-Replayed": "true",
}
FAILURES: Final = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read, or its cursor or key header is malformed.",
    HTTPStatus.UNAUTHORIZED: "There is no key or token, or it does not open the door.",
    HTTPStatus.FORBIDDEN: "The key, or the tier of its owner, does not allow this.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or the caller may not know of it.",
    HTTPStatus.CONFLICT: "What is there already, or happens at this moment, stands against it.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than this takes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body has another form than this reads.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something is wrong in it; `errors` names each field.",
    HTTPStatus.TOO_MANY_REQUESTS: "The requests of this minute are used up; nothing was done.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A mistake of ours; `instance` finds it in the log.",
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the desk is away; nothing was done.",
    HTTPStatus.GATEWAY_TIMEOUT: "It took too long and was undone.",
}
RETRIED: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
OTHER_FAILURE: Final = "Any other failure, as RFC 9457."
CHANGING: Final = {"post", "patch", "put", "delete"}
UNCOUNTED: Final = "/health/"


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to a document what holds for every operation; returns the same document."""
    components = document["components"]
    problem = ProblemOut.model_json_schema(ref_template=REFERENCE)
    components["schemas"] |= problem.pop("$defs", {}) | {PROBLEM: problem}
    components.setdefault("securitySchemes", {})[HEADER] = HEADER_SCHEME
    components["parameters"] = {"RequestId": REQUEST_ID}
    components["headers"] = {
        name: {
            "description": words,
            "schema": {"type": "string"},
            "example": HEADER_EXAMPLES[name],
        }
        for name, words in HEADERS.items()
    }
    components["responses"] = {
        failure_name(status): failure(status, words) for status, words in FAILURES.items()
    } | {"Failure": failure(HTTPStatus.METHOD_NOT_ALLOWED, OTHER_FAILURE)}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            complete_operation(path, method, operation, components["schemas"])
    return document


def complete_operation(
    path: str, method: str, operation: dict[str, Any], models: dict[str, Any]
) -> None:
    if "security" in operation:
        operation["security"] = [{BEARER: []}, {HEADER: []}]
    for parameter in operation["parameters"]:
        complete_parameter(parameter, models)
    for response in operation["responses"].values():
        complete_success(response, path, operation, models)
    for body in operation.get("requestBody", {}).get("content", {}).values():
        body["example"] = example_of(body["schema"], models)
    for status in possible_failures(path, method, operation):
        reference = {"$ref": f"#/components/responses/{failure_name(status)}"}
        operation["responses"].setdefault(int(status), reference)
    operation["responses"]["default"] = {"$ref": "#/components/responses/Failure"}
    operation["parameters"].append({"$ref": "#/components/parameters/RequestId"})


def complete_parameter(parameter: dict[str, Any], models: dict[str, Any]) -> None:
    if parameter["name"] == IDEMPOTENCY_KEY:
        # Ours to refuse with words, so Ninja takes it for optional; callers should know better.
        parameter["required"] = parameter["description"].startswith("Needed")
        parameter["schema"] = {"type": "string", "pattern": f"^{KEY.pattern}$"}
    # A map in OpenAPI, and not the list that a schema has.
    parameter.pop("examples", None)
    if NAMED.get(parameter["name"], parameter) is not None:
        parameter["example"] = example_of(parameter["schema"], models, parameter["name"])
    parameter.setdefault("description", DESCRIPTIONS.get(parameter["name"], ""))


# Of parameters that say the same everywhere.
DESCRIPTIONS: Final = {
    "action_id": "of a dividend or split",
    "activity_id": "of an activity of yours",
    "adjusted": "comparable over splits and dividends; `splits`: over splits alone",
    "alert_id": "of an alert of yours",
    "client_order_id": "as given when the order was placed, or else its Idempotency-Key",
    "cursor": "`next_cursor` of the page before",
    "end": "before this moment or day",
    "exchange": "MIC, such as XNAS",
    "export_id": "of an export of yours",
    "figure": "total_value or day_change, or one that a performance has, such as twr",
    "format": "instead of an Accept header",
    "import_id": "of an import into a portfolio of yours",
    "index_id": "of an index of yours",
    "interval": "length of a bar",
    "key_id": "of a key of yours",
    "night_id": "of a nightly export",
    "notification_id": "of a notification of yours",
    "connection_id": "of a connection of yours",
    "sync_id": "of a sync of a connection of yours",
    "webhook_id": "of a webhook of yours",
    "delivery_id": "of a delivery to a webhook of yours",
    "limit": "how many at most",
    "live_order_id": "of a live order of yours",
    "link_id": "of a share link of yours",
    "member_id": "of a member of a portfolio that you reach",
    "order_id": "of an order of yours",
    "portfolio_id": "of a portfolio that you reach",
    "priced_from": "latest price at least",
    "row_id": "of a quarantined row",
    "run_id": "as the upload answered",
    "user_id": "of a user",
    "sector": "exactly, whatever the case",
    "share_token": "the last part of a share link's address",
    "start": "from this moment or day on",
    "status": "only those that stand so",
    "symbol": "such as AAPL, or XLON:VOD where several exchanges list it",
    "watchlist_id": "of a watchlist of yours",
}


def complete_success(
    response: dict[str, Any], path: str, operation: dict[str, Any], models: dict[str, Any]
) -> None:
    for content in response.get("content", {}).values():
        if "schema" in content and "example" not in content:
            content["example"] = example_of(content["schema"], models)
    names = ["X-Request-ID"]
    if UNCOUNTED not in path:
        names += ["RateLimit-Policy", "RateLimit"]
    if any(parameter["name"] == IDEMPOTENCY_KEY for parameter in operation["parameters"]):
        names.append("Idempotent-Replayed")
    response["headers"] = headers_named(names)


def possible_failures(path: str, method: str, operation: dict[str, Any]) -> Iterator[HTTPStatus]:
    """What the operation may answer besides its success."""
    yield HTTPStatus.BAD_REQUEST
    if "security" in operation or "/auth/" in path:
        yield from (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    if "{" in path or operation["parameters"]:
        yield HTTPStatus.NOT_FOUND
    if method in CHANGING:
        yield HTTPStatus.CONFLICT
    if "requestBody" in operation:
        yield from (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    yield HTTPStatus.UNPROCESSABLE_ENTITY  # if only for a parameter that there is none of
    if UNCOUNTED not in path:
        yield HTTPStatus.TOO_MANY_REQUESTS
    yield from (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
    yield HTTPStatus.GATEWAY_TIMEOUT


def failure_name(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "").replace("-", "")


def failure(status: HTTPStatus, words: str) -> dict[str, Any]:
    """The response of one status, with an example of it."""
    code = status.name.lower()
    shown: dict[str, Any] = {
        "type": f"urn:holdfast:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": words,
        "instance": NAMED["instance"],
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        shown["errors"] = [
            {"field": "quantity", "code": "out_of_range", "message": NAMED["message"]}
        ]
    names = ["X-Request-ID", *(["Retry-After"] if status in RETRIED else [])]
    schema = {"$ref": REFERENCE.format(model=PROBLEM)}
    return {
        "description": words,
        "headers": headers_named(names),
        "content": {PROBLEM_TYPE: {"schema": schema, "example": shown}},
    }


def headers_named(names: list[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
