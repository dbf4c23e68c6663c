"""What Ninja leaves out of the OpenAPI document: failures, and the key's second header."""

from __future__ import annotations

from typing import Any, Final

from accounts.schemas import ProblemOut

PROBLEM: Final = "ProblemOut"
REFERENCE: Final = "#/components/schemas/{model}"
FAILURE: Final = {
    "description": "Any failure, as RFC 9457; `errors` names each field that is wrong.",
    "content": {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model=PROBLEM)}}},
}
# By the name Ninja gives the first, which is that of its class.
BEARER, HEADER = "KeyAuth", "KeyHeader"
HEADER_SCHEME: Final = {"type": "apiKey", "in": "header", "name": "X-API-Key"}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to a document what holds for every operation; returns the same document."""
    components = document["components"]
    problem = ProblemOut.model_json_schema(ref_template=REFERENCE)
    components["schemas"] |= problem.pop("$defs", {}) | {PROBLEM: problem}
    components["securitySchemes"][HEADER] = HEADER_SCHEME
    for methods in document["paths"].values():
        for operation in methods.values():
            if "security" in operation:
                operation["security"] = [{BEARER: []}, {HEADER: []}]
            operation["responses"]["default"] = FAILURE
    return document
