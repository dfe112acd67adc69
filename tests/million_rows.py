#!/usr/bin/env python3
"""Writes a million rows of VPC Flow Logs (version 2, gzip) to see what they cost: million_rows.py FILE [ROWS].

A day of a 40-host network: clients of a few internal services and of the internet, both directions, each internal
conversation at both interfaces; scan noise from outside, and one planted sweep. Seeded: the same arguments, the same file.
"""

import gzip
import random
import sys

HEADER = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
START, DAY = 1_768_435_200, 86_400  # 2026-01-15T00:00Z


def main(path: str, rows: int) -> None:
    rng = random.Random(7)
    hosts = [f"10.0.{i // 20}.{10 + i % 20}" for i in range(40)]
    outside = [f"{rng.randrange(11, 223)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(3000)]
    written = 0
    with gzip.open(path, "wt", compresslevel=6) as out:
        out.write(HEADER)

        def row(at, a, b, ap, bp, packets, size, t, action="ACCEPT"):
            out.write(f"2 123456789012 eni-{at:017x} {a} {b} {ap} {bp} 6 {packets} {size} {t} {t + rng.randrange(60)} {action} OK\n")

        swept = False
        while written < rows:
            t = START + written * DAY // rows
            if not swept and written >= rows // 2:  # the sweep, from inside
                swept = True
                for i in range(60):
                    row(7, hosts[7], f"10.0.9.{i + 1}", 50_000 + i, 22, 1, 60, t)
                    written += 1
            client, port = rng.randrange(40), rng.randrange(32768, 61000)
            kind = rng.random()
            if kind < 0.35:  # inside to inside, seen at both ends
                server = rng.randrange(6)
                service = (443, 5432, 6379, 8080, 9092, 53)[server]
                packets, size = rng.randrange(4, 40), rng.randrange(400, 40_000)
                for end in (client, server):
                    row(end, hosts[client], hosts[server], port, service, packets, size, t)
                    row(end, hosts[server], hosts[client], service, port, packets, size * 3, t)
                written += 4
            elif kind < 0.9:  # to the internet
                peer = outside[int(rng.paretovariate(1)) % 3000]
                packets, size = rng.randrange(4, 60), rng.randrange(400, 60_000)
                row(client, hosts[client], peer, port, 443, packets, size, t)
                row(client, peer, hosts[client], 443, port, packets, size * 4, t)
                written += 2
            else:  # noise at the border
                row(client, rng.choice(outside), hosts[client], port, rng.randrange(1, 10_000), 1, 44, t, "REJECT")
                written += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
