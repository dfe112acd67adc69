"""Writes large objects in every format from blocks of seeded rows, repeated: large_objects.py list | NAME FILE BYTES.

Prints how many bytes of text it wrote, and how many records and rejects are to be found in them.
"""

import json
import random
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

BLOCK_ROWS = 20_000
START = 1_768_435_200  # 2026-01-15T00:00Z
RNG = random.Random(7)


class Object(NamedTuple):
    """An object: the head, blocks of rows as many as it takes, the tail; rows are as many records, or rejects."""

    file: str
    source: str  # what `weir inspect --input-format` calls it
    head: str
    row: Callable[[int], str]
    tail: str = ""
    between: str = ""  # blocks
    rows_of_head: int = 0
    long_row: bool = False  # instead of the blocks one row that is as long as all of them


def address(inside: bool = True) -> str:
    return f"10.{RNG.randrange(4)}.{RNG.randrange(256)}.{RNG.randrange(1, 255)}" if inside else f"198.51.100.{RNG.randrange(256)}"


def at(row: int, form: str) -> str:
    return datetime.fromtimestamp(START + row // 10, UTC).strftime(form)


FLOW = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"


def flow(row: int) -> str:
    start, packets = START + row // 50, RNG.randrange(1, 500)
    return (
        f"2 123456789012 eni-{RNG.getrandbits(68):017x} {address()} {address(False)} {RNG.randrange(1024, 65536)} 443 6 "
        f"{packets} {packets * RNG.randrange(40, 1500)} {start} {start + 59} ACCEPT OK\n"
    )


ZEEK_FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state history "
    "orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes"
).split()
ZEEK = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t" + "\t".join(ZEEK_FIELDS) + "\n"


def zeek_values(row: int) -> list[object]:
    sent, received = RNG.randrange(40, 90_000), RNG.randrange(40, 900_000)
    ends = [address(), RNG.randrange(1024, 65536), address(False), 443]
    counts = [RNG.randrange(1, 99), sent + 400, RNG.randrange(1, 99), received + 400]
    return [START + row / 50, f"C{RNG.getrandbits(80):x}", *ends, "tcp", "ssl", RNG.random(), sent, received, "SF", "ShADadFf", *counts]


def zeek_tsv(row: int) -> str:
    return "\t".join(map(str, zeek_values(row))) + "\n"


def zeek_json(row: int) -> str:
    return json.dumps(dict(zip(ZEEK_FIELDS, zeek_values(row), strict=True))) + "\n"


def unsw(row: int) -> str:
    cells = ["0"] * 49
    cells[:9] = [address(), "33661", address(False), "53", "udp", "CON", "0.001055", str(RNG.randrange(40, 9999)), "304"]
    cells[16], cells[17] = str(RNG.randrange(1, 99)), "2"
    cells[28] = cells[29] = str(START + row // 50)
    return ",".join(cells) + "\n"


RBA = (
    "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,"
    "Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover\n"
)
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


def rba(row: int) -> str:
    user = RNG.getrandbits(60)
    return (
        f"{row},{at(row, '%Y-%m-%d %H:%M:%S')}.{row % 1000:03},{user},{RNG.randrange(5, 900)},{address(False)},NO,Oslo,Oslo,29695,"
        f'"{AGENT}",Chrome 120.0,Linux,desktop,{row % 7 > 0},False,False\n'
    )


SIMPLE = "timestamp,user_id,ip_address,geo_location,device_id,bytes_in,bytes_out,success,label\n"


def simple_csv(row: int) -> str:
    who = f"user-{RNG.getrandbits(40):x}"
    return f'{at(row, "%Y-%m-%dT%H:%M:%SZ")},{who},{address()},"Oslo, Norway",d-{RNG.getrandbits(40):x},{RNG.randrange(9999)},77,true,0\n'


def simple_json(row: int) -> str:
    who, where = f"user-{RNG.getrandbits(40):x}", {"geo_location": "Oslo, Norway", "bytes_in": RNG.randrange(9999)}
    return json.dumps({"timestamp": at(row, "%Y-%m-%dT%H:%M:%SZ"), "user_id": who, "ip_address": address(), "success": True} | where) + "\n"


def event(row: int) -> str:
    name = f"ada-{RNG.getrandbits(40):x}"
    identity = {"type": "IAMUser", "arn": f"arn:aws:iam::123456789012:user/{name}", "accountId": "123456789012", "userName": name}
    where = {"awsRegion": "us-east-1", "sourceIPAddress": address(False), "userAgent": AGENT}
    what = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}}
    more = {"eventVersion": "1.08", "requestParameters": None, "recipientAccountId": "123456789012", "eventID": f"{RNG.getrandbits(128):x}"}
    return json.dumps({"userIdentity": identity, "eventTime": at(row, "%Y-%m-%dT%H:%M:%SZ")} | where | what | more)


def event_in_array(row: int) -> str:
    return event(row) + ("" if row == BLOCK_ROWS - 1 else ",")


def event_line(row: int) -> str:
    return event(row) + "\n"


def sshd(row: int) -> str:
    what = f"sshd[{RNG.randrange(1000, 32000)}]: Failed password for invalid user u{RNG.getrandbits(40):x}"
    return f"{at(row, '%b %e %H:%M:%S')} LabSZ {what} from {address(False)} port {RNG.randrange(1024, 65536)} ssh2\n"


COLUMNS = 40
TABLE = "id," + ",".join(f"number_{n}" for n in range(COLUMNS)) + ",word,label\n"


def table(row: int) -> str:
    numbers = ",".join(str(RNG.random()) for _ in range(COLUMNS))
    return f"row-{RNG.getrandbits(60)},{numbers},w{RNG.randrange(99)},l{RNG.getrandbits(40):x}\n"


USAGE = "timestamp,region,service,value\n"


def usage(row: int) -> str:
    return f"{at(row, '%Y-%m-%d %H:%M:%S')},region-{RNG.getrandbits(30)},s3,{RNG.random() * 100}\n"


def usage_json(row: int) -> str:
    return json.dumps({"timestamp": at(row, "%Y-%m-%d %H:%M:%S"), "region": f"r{RNG.getrandbits(30)}", "value": RNG.random()}) + "\n"


RECORDS = '{"Records":['
OBJECTS = {
    "vpc text": Object("log", "vpc-flow-log", FLOW, flow),
    "vpc text.gz, one member": Object("log.gz", "vpc-flow-log", FLOW, flow),
    "vpc text.zst": Object("log.zst", "vpc-flow-log", FLOW, flow),
    "vpc Parquet": Object("parquet", "parquet", FLOW, flow),
    "Zeek TSV": Object("tsv", "zeek-conn", ZEEK, zeek_tsv),
    "Zeek JSON lines": Object("zeek.json", "zeek-conn", "", zeek_json),
    "CSV by mapping (UNSW-NB15)": Object("unsw.csv", "unsw-nb15", "", unsw),
    "RBA CSV": Object("rba.csv", "rba-logins", RBA, rba),
    "simple logins CSV": Object("logins.csv", "simple-logins", SIMPLE, simple_csv),
    "simple logins JSON lines": Object("logins.json", "simple-logins", "", simple_json),
    "CloudTrail, one Records[]": Object("trail.json", "cloudtrail", RECORDS, event_in_array, "]}", ","),
    "CloudTrail lines": Object("trail.jsonl", "cloudtrail", "", event_line),
    "sshd": Object("auth.log", "sshd", "", sshd),
    "activity CSV": Object("table.csv", "table", TABLE, table),
    "usage CSV": Object("usage.csv", "usage", USAGE, usage),
    "usage JSON lines": Object("usage.json", "usage", "", usage_json),
    "one line: vpc text": Object("log", "vpc-flow-log", FLOW + flow(0), flow, "\n" + flow(1), rows_of_head=2, long_row=True),
    "one line: Zeek JSON": Object("z.json", "zeek-conn", zeek_json(0) + '{"', zeek_json, '"}\n', rows_of_head=1, long_row=True),
    "one line: activity CSV": Object("t.csv", "table", TABLE + table(0), table, "\n" + table(1), rows_of_head=2, long_row=True),
    "one event: CloudTrail": Object("e.json", "cloudtrail", RECORDS + event(0) + ',{"', event, '":0}]}', rows_of_head=1, long_row=True),
}


def main(name: str, path: str, size: int) -> None:
    made = OBJECTS[name]
    if made.long_row:
        block, blocks, records, rejected = b"x" * (1 << 20), size >> 20, made.rows_of_head, 1
    else:
        block = "".join(map(made.row, range(BLOCK_ROWS))).encode()
        blocks = max(size // len(block), 1)
        records, rejected = blocks * BLOCK_ROWS, 0
    head, tail, between = (part.encode() for part in (made.head, made.tail, made.between))
    if path.endswith(".parquet"):
        import parquet_of

        text = Path(f"{path}.log")
        text.write_bytes(head + block)
        parquet_of.main(str(text), path, "snappy", blocks)
        text.unlink()
    elif path.endswith(".zst"):
        import pyarrow

        with pyarrow.CompressedOutputStream(path, "zstd") as out:
            write(out, head, block, blocks, between, tail)
    elif path.endswith(".gz"):
        gzip(path, head, block, blocks)
    else:
        with open(path, "wb") as out:
            write(out, head, block, blocks, between, tail)
    print(len(head) + len(block) * blocks + len(between) * (blocks - 1) + len(tail), records, rejected)


def write(out, head: bytes, block: bytes, blocks: int, between: bytes, tail: bytes) -> None:
    for part in parts(head, block, blocks, between):
        out.write(part)
    out.write(tail)


def parts(head: bytes, block: bytes, blocks: int, between: bytes = b"") -> Iterator[bytes]:
    yield head
    for number in range(blocks):
        yield between + block if number else block


def gzip(path: str, head: bytes, block: bytes, blocks: int) -> None:
    """One member, as AWS delivers them; a block that is flushed can be repeated compressed as it is."""
    flushed = []
    for part in (head, block):
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        flushed.append(deflate.compress(part) + deflate.flush(zlib.Z_FULL_FLUSH))
    check = size = 0
    for part in parts(head, block, blocks):
        check, size = zlib.crc32(part, check), size + len(part)
    with open(path, "wb") as out:
        out.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + flushed[0])
        for _ in range(blocks):
            out.write(flushed[1])
        out.write(b"\x03\0" + check.to_bytes(4, "little") + (size & 0xFFFF_FFFF).to_bytes(4, "little"))


if __name__ == "__main__":
    if sys.argv[1] == "list":
        for name, made in OBJECTS.items():
            print(name, made.file, made.source, sep="\t")
    else:
        main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
