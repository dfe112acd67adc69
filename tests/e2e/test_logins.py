"""Logins go into the bucket as files, and whoever tries the passwords of everybody comes out as one alert."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

HEADER = "user_id,timestamp,ip_address,geo_location,device_id,success\n"
STRANGER = "203.0.113.66"


def row(time: datetime, user: int, address: str, place: str, device: str, success: bool) -> str:
    return f'user{user},{time.isoformat()},{address},"{place}",{device},{str(success).lower()}\n'


def morning(day: datetime) -> bytes:
    """Twenty users log in from their own addresses with their own devices."""
    rows = [row(day + timedelta(hours=8, minutes=n), n, f"192.0.2.{n}", "Paris, FR", f"d{n}", True) for n in range(1, 21)]
    return (HEADER + "".join(rows)).encode()


def night(day: datetime) -> bytes:
    """A stranger tries all of them, and is let in once."""
    rows = [row(day + timedelta(hours=2, seconds=5 * n), n, STRANGER, "Bucharest, RO", "evil", n == 13) for n in range(1, 21)]
    return (HEADER + "".join(rows)).encode()


def test_what_was_usual_yesterday_is_known_today(river):
    first = datetime(2026, 3, 2, tzinfo=timezone.utc)
    for day in range(6):
        river.upload(f"AWSLogs/123456789012/logins/{day}.csv", morning(first + timedelta(days=day)))
        river.flow()
    assert river.alerts() == [], river.report()
    assert river.objects("history/source=login/"), "what is known is kept"

    river.upload("AWSLogs/123456789012/logins/night.csv", night(first + timedelta(days=6)))
    river.flow()
    (alert,) = river.alerts()
    assert (alert.kind, alert.sources) == ("credential-stuffing", {STRANGER})
    users = {line["actor"]["user"]["name"] for line in alert.finding["evidences"]}
    assert "user13" in users and len(users) >= 10
