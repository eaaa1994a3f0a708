"""Makes packets of many kinds with scapy, from a seed, and writes them to a pcap file without link headers.

Usage: packets.py SEED COUNT FILE
"""

import random
import sys
import warnings

warnings.filterwarnings("ignore")

from scapy.all import ICMP, IP, TCP, UDP, Raw, fragment, wrpcap  # noqa: E402
from scapy.layers.inet import (  # noqa: E402
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_Timestamp,
)

seed, count, file = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = random.Random(seed)


def bits(n):
    return rng.getrandbits(n)


def data(most):
    return bytes(bits(8) for _ in range(rng.randrange(most)))


def address():
    return ".".join(str(bits(8)) for _ in range(4))


def ip_options():
    if rng.random() < 0.8:
        return []
    return rng.choice(
        [
            [IPOption_NOP()] * 4,
            [IPOption_Router_Alert()],
            [IPOption_RR(routers=[address() for _ in range(rng.randrange(1, 9))])],
            [IPOption_LSRR(routers=[address() for _ in range(rng.randrange(1, 9))])],
            [IPOption_NOP(), IPOption_RR(pointer=8, routers=[address(), "0.0.0.0"])],
            [IPOption_Timestamp(pointer=9, flg=1, internet_address=address(), timestamp=bits(32))],
        ]
    )


def ip(**fields):
    header = IP(
        src=address(),
        dst=address(),
        tos=bits(8),
        id=bits(16),
        ttl=bits(8),
        flags=rng.choice(["", "DF", "evil", "evil+DF"]),
        options=ip_options(),
        **fields,
    )
    if rng.random() < 0.1:
        header.chksum = bits(16)
    return header


def tcp_option():
    return rng.choice(
        [
            lambda: ("MSS", bits(16)),
            lambda: ("WScale", bits(8)),
            lambda: ("SAckOK", b""),
            lambda: ("SAck", tuple(bits(32) for _ in range(2 * rng.randrange(1, 4)))),
            lambda: ("Timestamp", (bits(32), bits(32))),
            lambda: ("NOP", None),
            lambda: ("EOL", None),
            lambda: ("TFO", (bits(32), bits(32))),
            lambda: (rng.choice([25, 100, 200, 253, 254]), data(8)),
        ]
    )()


def tcp_options():
    if rng.random() < 0.3:
        return []
    options = []
    for _ in range(rng.randrange(6)):
        options.append(tcp_option())
        if len(bytes(TCP(options=options))) > 60:
            options.pop()
    return options


def tcp():
    segment = TCP(
        sport=bits(16),
        dport=bits(16),
        seq=bits(32),
        ack=bits(32),
        flags=bits(9),
        reserved=bits(3) if rng.random() < 0.2 else 0,
        window=bits(16),
        urgptr=bits(16),
        options=tcp_options(),
    )
    chance = rng.random()
    if chance < 0.15:
        segment.chksum = bits(16)
    elif chance < 0.25:
        segment.dataofs = bits(4)
    return segment / Raw(data(200)) if rng.random() < 0.6 else segment


def icmp():
    if rng.random() < 0.3:
        message = ICMP(type=rng.choice([0, 8]), code=0, id=bits(16), seq=bits(16)) / Raw(data(60))
    else:
        kind, codes = rng.choice([(3, 16), (11, 2), (12, 1)])
        code = rng.randrange(codes)
        quoted = bytes(IP(src=address(), dst=address(), ttl=bits(8), id=bits(16)) / tcp())
        cut = rng.choice([28, 40, len(quoted), len(quoted)])
        message = ICMP(type=kind, code=code) / Raw(quoted[:cut])
        if kind == 3 and code == 4:
            message.nexthopmtu = bits(16)
        if kind == 12:
            message.ptr = bits(8)
    if rng.random() < 0.15:
        message[ICMP].chksum = bits(16)
    return message


def packet():
    chance = rng.random()
    if chance < 0.6:
        return [ip() / tcp()]
    if chance < 0.8:
        return [ip() / icmp()]
    if chance < 0.86:
        return [ip() / UDP(sport=bits(16), dport=bits(16)) / Raw(data(60))]
    if chance < 0.9:
        return [ip(proto=rng.choice([47, 89, 253])) / Raw(data(60))]
    whole = IP(src=address(), dst=address(), id=bits(16), ttl=bits(8)) / tcp() / Raw(b"x" * 60)
    return fragment(whole, fragsize=8 * rng.randrange(3, 8))


def cut(one):
    """Now and then a packet loses its end, or gets a longer one, as in a capture with a short snap length or a link's padding."""
    whole = bytes(one)
    chance = rng.random()
    if chance < 0.06:
        return whole[: rng.randrange(1, len(whole))]
    return whole + bytes(rng.randrange(1, 6)) if chance < 0.1 else whole


packets = []
while len(packets) < count:
    packets.extend(cut(one) for one in packet())
wrpcap(file, packets[:count], linktype=101)
