"""Times as people read them."""

from datetime import UTC, datetime, timedelta


def age(span: timedelta) -> str:
    """Return a duration as kubectl writes it: ``45s``, ``3m44s``, ``5h12m``, ``3d4h``, ``41d``, ``2y10d``."""
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if days < 2:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    return f"{years}y{days % 365}d" if years < 8 and days % 365 else f"{years}y"


def stamp(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 in UTC, to the second, with milliseconds only where there are any."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC)
    spec = "milliseconds" if utc.microsecond // 1000 else "seconds"
    return utc.isoformat(timespec=spec).replace("+00:00", "Z")


def clock(moment: datetime) -> str:
    """Return only the time of day, in UTC."""
    return moment.astimezone(UTC).strftime("%H:%M:%SZ")


def until(moment: datetime, now: datetime) -> str:
    """Return how long until an estimated moment: ``in ~12s``, or ``now``."""
    left = moment - now
    return f"in ~{age(left)}" if left > timedelta(0) else "now"
