"""Small VPC flow logs with something planted in them. The same arguments make the same bytes."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

from wiring import ACCOUNT, REGION

HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
WEB, DATABASE, OFFICE = "10.0.1.10", "10.0.2.20", "198.51.100.7"
SCANNED_PORTS = range(20, 80)


def interface(address: str) -> str:
    """The network interface that has an address."""
    return f"eni-{int.from_bytes(address.encode()) % 2**68:017x}"


def key(day: datetime, unique: str = "0a1b2c3d", prefix: str | None = None) -> str:
    """The key AWS delivers a flow log under, for the five minutes from that time."""
    prefix = prefix or f"AWSLogs/{ACCOUNT}/vpcflowlogs/{REGION}/{day:%Y/%m/%d}/"
    return f"{prefix}{ACCOUNT}_vpcflowlogs_{REGION}_fl-0123456789abcdef0_{day:%Y%m%dT%H%M}Z_{unique}.log.gz"


def time(day: int) -> datetime:
    """Ten o'clock on a day of January 2026: each test has a day, so that no two share a window."""
    return datetime(2026, 1, day, 10, tzinfo=UTC)


def lines(start: datetime, scanner: str | None = None, target: str = WEB, at: str | None = None) -> list[str]:
    """The rows of `log`, without the header line: what CloudWatch Logs has of them."""
    return gzip.decompress(log(start, scanner, target, at)).decode().splitlines()[1:]


def log(start: datetime, scanner: str | None = None, target: str = WEB, at: str | None = None) -> bytes:
    """Two quiet conversations, logged at both ends inside; with a scanner, a rejected attempt at each of 60 ports as well."""
    rows, begin = [], int(start.timestamp())

    def row(at, source, destination, source_port, port, packets, size, second, action="ACCEPT"):
        ends = (source, destination, source_port, port, 6, packets, size, begin + second, begin + second + 20)
        rows.append(" ".join(map(str, (2, ACCOUNT, interface(at), *ends, action, "OK"))))

    for n in range(20):
        for client, server, port, ends in ((OFFICE, WEB, 443, [WEB]), (WEB, DATABASE, 5432, [WEB, DATABASE])):
            for end in ends:
                row(end, client, server, 40000 + n, port, 12, 2400 + n, 10 * n)
                row(end, server, client, port, 40000 + n, 14, 9000 + n, 10 * n)
    if scanner:
        for n, port in enumerate(SCANNED_PORTS):
            row(at or target, scanner, target, 51000, port, 1, 44, n, "REJECT")
    return gzip.compress("\n".join([HEADER, *rows, ""]).encode(), mtime=0)
