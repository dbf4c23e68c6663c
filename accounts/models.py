"""Users, what their programs open the door with, and the answers kept for repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.identifiers import new_id
from accounts.tiers import Allowance, Tier, allowance_of

# The apps of Django's admin that the admin tier opens; those of libraries are for superusers.
ADMINISTERED: Final = frozenset({"accounts", "market", "portfolio", "trading", "integrations"})


class UserManager(BaseUserManager["User"]):
    def matching(
        self, *, search: str | None, tier: str | None, is_active: bool | None
    ) -> models.QuerySet[User]:
        """Users by a part of e-mail or name, tier, and whether they may sign in."""
        found = self.get_queryset()
        if text := (search or "").strip():
            found = found.filter(Q(email__icontains=text) | Q(display_name__icontains=text))
        if tier:
            found = found.filter(tier=tier)
        if is_active is not None:
            found = found.filter(is_active=is_active)
        return found

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a user; without a password he cannot sign in by one.

        Raises:
            ValueError: the e-mail address is empty.
        """
        if not email:
            raise ValueError("email was empty, must be an address")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        fields |= {"is_staff": True, "is_superuser": True, "tier": Tier.ADMIN}
        return self.create_user(email, password, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    display_name = models.CharField(max_length=80, blank=True)
    tier = models.CharField(max_length=10, choices=Tier.choices, default=Tier.STANDARD)
    base_currency = models.CharField(max_length=3, default="USD")
    is_demo = models.BooleanField(default=False)  # made by one click; may be disposed of
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now)
    # Sessions and sign-ins of programs that began before are over.
    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_unique_ignoring_case"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="user_tier_known"),
        )

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether Django's admin lets him; its pages say themselves what can be changed."""
        return super().has_perm(perm, obj) or self.has_module_perms(perm.partition(".")[0])

    def has_module_perms(self, app_label: str) -> bool:
        is_ours = self.is_admin and self.is_staff and app_label in ADMINISTERED
        return is_ours or super().has_module_perms(app_label)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What sessions and sign-ins are checked against: the password, and their last end."""
        if self.sessions_ended_at is None:
            former: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
            return former
        value = f"{self.password}|{self.sessions_ended_at.timestamp()}"
        return salted_hmac(
            "accounts.User.sessions", value, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def is_admin(self) -> bool:
        """Whether he may change users and the instrument master."""
        return self.is_active and self.tier == Tier.ADMIN

    @property
    def allowance(self) -> Allowance:
        return allowance_of(self.tier)

    def __str__(self) -> str:
        return self.email


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_user(self, user: User) -> Self:
        return self.filter(owner=user)

    def live(self, at: datetime) -> Self:
        """Keys that open the door at that moment."""
        return self.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=at))


class ApiKey(models.Model):
    """A program's key. The secret is kept only as a hash; ``lookup`` finds the row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    lookup = models.CharField(max_length=16, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes: models.Field[Any, list[str]] = ArrayField(models.CharField(max_length=10))
    # Ids without a foreign key: portfolios live in a higher app. Empty means all of the owner's.
    portfolio_ids: models.Field[Any, list[UUID]] = ArrayField(
        models.UUIDField(), default=list, blank=True
    )
    # Where it may be used from, in canonical CIDR form; empty means from everywhere.
    networks: models.Field[Any, list[str]] = ArrayField(
        models.CharField(max_length=43), default=list, blank=True
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    latest_use_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[ApiKey]] = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("created_at")),
                name="api_key_expires_after_creation",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.lookup})"


class TokenFamily(models.Model):
    """One sign-in of a program: all refresh tokens that came from it, ended together."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="token_families")
    # The user's session hash at sign-in: a new password ends tokens as it ends sessions.
    session_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.owner_id} {self.created_at:%Y-%m-%d %H:%M}"


class RefreshToken(models.Model):
    """One link of a family's chain. Only the newest opens the door; each is kept as a hash."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    family = models.ForeignKey(TokenFamily, on_delete=models.CASCADE, related_name="tokens")
    secret_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    # The token that took this one's place. One parent has one child, so a race has one winner.
    child = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="parent"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="refresh_token_expires_after_creation",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class IdempotentAnswer(models.Model):
    """The stored answer of a request that moved something, kept with its effect."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    body_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=100)
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["owner", "key"], name="idempotent_answer_once_per_key"),
        )
        indexes = (models.Index(fields=["created_at"], name="idempotent_answer_created"),)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def for_user(self, user: User) -> Self:
        """What is the user's matter, whoever did it."""
        return self.filter(owner=user)


class AuditEvent(models.Model):
    """Something done, with who, when and from where. The database refuses to change a row.

    Users are pointed at without foreign keys: their events outlive them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    occurred_at = models.DateTimeField()
    action = models.CharField(max_length=60)
    owner = models.ForeignKey(
        User,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="audit_events",
    )
    actor = models.ForeignKey(
        User,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    actor_key_id = models.UUIDField(null=True)
    target = models.CharField(max_length=40)
    target_id = models.CharField(max_length=80)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    via = models.CharField(max_length=10)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects: ClassVar[models.Manager[AuditEvent]] = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["owner", "-occurred_at", "-id"], name="audit_event_of_owner"),
            models.Index(fields=["-occurred_at", "-id"], name="audit_event_newest"),
            models.Index(fields=["action", "-occurred_at", "-id"], name="audit_event_of_action"),
        )

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M:%S} {self.action} {self.target_id}"
