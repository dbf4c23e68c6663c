"""How long to wait before a process that died is started again. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Doubling waits with a ceiling; a process that ran long enough starts over at the first."""

    first_seconds: float = 0.25
    ceiling_seconds: float = 10.0
    healthy_after_seconds: float = 20.0

    def failures_after(self, failures: int, *, ran_seconds: float) -> int:
        """Count the death of a process that had failed ``failures`` times and ran this long."""
        return 1 if ran_seconds >= self.healthy_after_seconds else failures + 1

    def delay_seconds(self, failures: int) -> float:
        """Return the wait after the nth failure in a row; the first is 1."""
        # Past 2**16 the ceiling has long been reached, and a float has limits.
        return min(self.ceiling_seconds, self.first_seconds * 2.0 ** min(failures - 1, 16))
