"""The scenarios of the table: arguments of the generator, and how they are scaled."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Scenario:
    args: str
    # Environment of the server.
    variables: dict = field(default_factory=dict)
    # The measured window is so many times the usual one.
    scale: float = 1.0
    # Part of --quick; with other arguments where the usual ones take long.
    quick: bool = False
    quick_args: str = ""


HEARTBEATS = {"PING_INTERVAL": "2000", "PING_TIMEOUT": "20000"}

SCENARIOS = {
    "echo32": Scenario("echo --connections 100 --window 1 --size 32", quick=True),
    "echo32x16": Scenario("echo --connections 100 --window 16 --size 32", quick=True),
    "echo1k": Scenario("echo --connections 100 --window 4 --size 1024"),
    "echo64k": Scenario("echo --connections 20 --window 2 --size 65536"),
    "bin1k": Scenario("echo --connections 100 --window 4 --size 1024 --binary"),
    "bcast100": Scenario("broadcast --connections 100 --window 2 --size 64"),
    "bcast1k": Scenario("broadcast --connections 1000 --window 2 --size 64", quick=True),
    "bcast10k": Scenario("broadcast --connections 10000 --window 1 --size 64"),
    "bcast1k-20Hz": Scenario("broadcast --connections 1000 --rate 20 --size 64", scale=3.0),
    "rooms": Scenario("rooms --connections 1000 --window 64 --size 64", quick=True),
    "private": Scenario("private --connections 1000 --window 64 --size 64", quick=True),
    "connect": Scenario(
        "connect --connections 5000 --parallel 64",
        quick=True,
        quick_args="connect --connections 2000 --parallel 64",
    ),
    "churn": Scenario("churn --parallel 32"),
    "idle": Scenario(
        "idle --connections 10000",
        HEARTBEATS,
        scale=1.5,
        quick=True,
        quick_args="idle --connections 3000",
    ),
    "polling": Scenario("polling --connections 100 --size 32"),
}

# On request only.
MORE = {
    "idle25": Scenario("idle --connections 10000", {"PING_INTERVAL": "25000"}, scale=7.0),
    "idle1": Scenario("idle --connections 10000", {"PING_INTERVAL": "1000"}, scale=1.5),
}

ALL = {**SCENARIOS, **MORE}
