"""Addresses that must never be connected to, in every notation somebody may try."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

V4 = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.254"),  # noqa: S104
    *("172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254", "169.254.169.254"),
    *("169.254.170.2", "100.64.0.1", "100.127.255.254", "100.100.100.200", "192.0.0.192"),
    *("192.0.2.1", "198.18.0.1", "198.19.255.254", "198.51.100.7", "203.0.113.9"),
    *("192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
)
V6 = (
    *("::", "::1", "0:0:0:0:0:0:0:1", "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1"),
    *("ff02::1", "ff0e::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1"),
    *("2001:10::1", "2001:20::1", "2001:db8::1", "2002::1", "3fff::1", "100::1", "5f00::1"),
    *("64:ff9b::1", "64:ff9b:1::1", "4000::1", "::ffff:0:0:1", "2620:4f:8000::1", "1::1"),
)
ENCLOSED = str.maketrans("0123456789.", "⓪①②③④⑤⑥⑦⑧⑨。")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def hosts_of(dotted: str) -> Iterator[str]:
    """One IPv4 address as resolvers, browsers and libraries may write it."""
    number = int(IPv4Address(dotted))
    one, two, three, four = dotted.split(".")
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    yield from (dotted, f"{dotted}.", str(number), hex(number), f"0{number:o}")
    yield from (f"0x{int(one):x}.{two}.{three}.{four}", f"0{int(one):o}.{two}.{three}.{four}")
    yield ".".join(f"0x{int(part):02x}" for part in (one, two, three, four))
    yield ".".join(f"0{int(part):03o}" for part in (one, two, three, four))
    yield from (f"{one}.{number & 0xFFFFFF}", f"{one}.{two}.{number & 0xFFFF}")
    yield from (dotted.translate(ENCLOSED), dotted.translate(FULL_WIDTH), dotted.translate(ARABIC))
    yield dotted.replace(".", "%2e")
    yield from (f"[::ffff:{dotted}]", f"[::ffff:{high}:{low}]", f"[::{dotted}]")
    yield from (f"[64:ff9b::{dotted}]", f"[64:ff9b:1::{dotted}]", f"[2002:{high}:{low}::1]")
    yield f"[2001:0:{high}:{low}::1]"
    yield f"[2a00:1450:4001:800:0:5efe:{high}:{low}]"
    yield f"[::ffff:0:{dotted}]"


def targets() -> list[str]:
    found = [f"http://{host}/" for dotted in V4 for host in hosts_of(dotted)]
    found += [f"https://[{address}]/" for address in V6]
    found += [f"http://[{address}%25eth0]/" for address in ("fe80::1", "::1")]
    for inside in ("127.0.0.1", "169.254.169.254", "10.0.0.1"):
        found += [
            f"http://example.com@{inside}/",
            f"http://{inside}#@example.com/",
            f"http://{inside}\\@example.com/",
            f"http://example.com\\@{inside}/",
            f"http:\\\\{inside}/",
            f"http://{inside}\t/",
            f"http://{inside}\r\nHost: x/",
            f"http://[{inside}]/",
            f"http://{inside}:80:80/",
            f"http://{inside}:٨٠/",
            f"http:///{inside}/",
            f"//{inside}/",
            f"gopher://{inside}/",
            f"file://{inside}/etc/passwd",
            f"http://user:secret@{inside}/",
        ]
    found += [
        "http://\ud800.example/",
        "http://desk.example/\udfff",
        "http://localhost/",
        "http://LOCALHOST:6379/",
        "http://ⓛocalhost/",
        "http:///",
        "",
    ]
    found += [f"http://{name}.inside.test/" for name in ("metadata", "rebound", "both", "mapped")]
    return found
