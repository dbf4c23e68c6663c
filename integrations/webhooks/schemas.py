"""Webhooks as programs send and get them."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from accounts.schemas import SchemaIn, SchemaOut
from integrations.models import Webhook, WebhookDelivery
from integrations.webhooks.own_webhooks import WebhookTerms

Url = Annotated[
    str,
    Field(
        description="an https address that is reachable from outside",
        examples=["https://hooks.example/desk"],
    ),
]
Kinds = Annotated[
    list[str],
    Field(
        description="of events; none means all, later ones included",
        examples=[["order.filled", "alert.triggered"]],
        max_length=100,
    ),
]


class WebhookIn(SchemaIn):
    url: Url
    description: str = ""
    kinds: Kinds = Field(default_factory=list)

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"url": "https://hooks.example/desk", "kinds": ["order.filled"]}
        }
    )

    def to_terms(self) -> WebhookTerms:
        return WebhookTerms(self.url, self.description, tuple(self.kinds))


class WebhookChangeIn(SchemaIn):
    """What is left out stays as it is."""

    url: Url | None = None
    description: str | None = None
    kinds: Kinds | None = None
    is_enabled: bool | None = None

    model_config = ConfigDict(json_schema_extra={"example": {"is_enabled": False}})

    def terms_for(self, webhook: Webhook) -> WebhookTerms:
        return WebhookTerms(
            webhook.url if self.url is None else self.url,
            webhook.description if self.description is None else self.description,
            tuple(webhook.kinds if self.kinds is None else self.kinds),
        )


class WebhookOut(SchemaOut):
    id: UUID
    url: Url
    description: str
    kinds: Kinds
    is_enabled: bool
    disabled_at: datetime | None
    disabled_because: str
    failing_since: Annotated[datetime | None, Field(description="null where the latest try did")]
    former_until: Annotated[
        datetime | None, Field(description="until when the former secret signs, too")
    ]
    created_at: datetime

    @classmethod
    def facts(cls, row: Webhook) -> dict[str, Any]:
        return {name: getattr(row, name) for name in WebhookOut.model_fields}

    @classmethod
    def of(cls, row: Webhook) -> Self:
        return cls(**cls.facts(row))


class NewWebhookOut(WebhookOut):
    """`secret` is shown this once; libraries of Standard Webhooks take it as it is."""

    secret: Annotated[str, Field(examples=["whsec_…"])]

    @classmethod
    def with_secret(cls, row: Webhook, secret: str) -> Self:
        return cls(**cls.facts(row), secret=secret)


class WebhookList(SchemaOut):
    items: list[WebhookOut]
    next_cursor: str | None


class DeliveryOut(SchemaOut):
    """`event_id` is the header `webhook-id` of each try."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    kind: Annotated[str, Field(examples=["order.filled"])]
    state: Annotated[str, Field(description="`waiting`, `delivered` or `failed`")]
    attempts: int
    status_code: Annotated[int | None, Field(description="of the latest answer")]
    error: str
    created_at: datetime
    due_at: Annotated[datetime, Field(description="while it waits: when the next try is due")]
    done_at: datetime | None

    @classmethod
    def of(cls, row: WebhookDelivery) -> Self:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class DeliveryList(SchemaOut):
    items: list[DeliveryOut]
    next_cursor: str | None
