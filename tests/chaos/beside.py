"""Systems that are no FHIR systems beside a site: a journal system that tells of stays by HL7 v2 over MLLP, and two
systems whose plans the adapter fetches by itself."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from adapter.support.clock import STOCKHOLM, SystemClock

from .site import HERE, Lines

_PERSON = "196111202989"
_FEED = """
id: vas
party: region
system: VAS
format: hl7v2
protocol: mllp
mllp: {{port: {port}}}
units:
  MED3: SE2321000222-E7A31
need:
  field: ZSV-1
  values: [J]
  time: ZSV-2
receivers:
  - {{municipality: "2482", to: [{{hsa: SE2120002643-MOTT01}}]}}
adt:
  ready: {{time: ZSV-3, assessor: ZSV-4}}
  left: {{H: home}}
"""
_SETTINGS = """
[retention]
every = "1s"
batch = 5
[feeds]
folder = "feeds"
[[plans.sources]]
id = "link"
contract = "cosmic-link"
endpoint = "link"
kind = "SIP"
consent_handled = "rutin 2026:4"
[[plans.sources]]
id = "riv"
contract = "get-care-plans"
endpoint = "riv"
logical_address = "SE1"
consent_handled = "rutin 2026:4"
"""
_TIMEOUTS = "connect_timeout: 1s, timeout: 2s"


class Beside:
    """`told` are the ids of the events that were answered as taken."""

    settings = _SETTINGS

    def __init__(self) -> None:
        self._source = Lines(str(HERE / "source.py"))
        with socket.create_server(("127.0.0.1", 0)) as found:
            self._port = found.getsockname()[1]
        self.told: list[str] = []

    @property
    def endpoints(self) -> str:
        base = f"http://127.0.0.1:{self._source.first.strip()}"
        return "".join(
            f'  - {{id: {name}, system: open-care, channel: fhir, address: "{base}/{path}", {_TIMEOUTS}}}\n'
            for name, path in (("link", "fhir"), ("riv", "riv"))
        )

    def write_feed(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "vas.yaml").write_text(_FEED.format(port=self._port))

    def events(self, stay: str) -> Iterator[tuple[str, str]]:
        """(control id, HL7 v2) of a stay from admission to discharge."""
        begun = SystemClock().now() - timedelta(hours=6)
        for number, (trigger, estimate, ready, left) in enumerate(
            (("A01", 24, "", ""), ("A08", 30, "", ""), ("A08", 30, "4", ""), ("A03", 30, "4", "5"))
        ):
            control_id = f"{stay}-{number}"
            yield (
                control_id,
                _adt(
                    trigger,
                    control_id,
                    stay,
                    now=_stamp(begun, 5 + number / 60),
                    admitted=_stamp(begun, 0),
                    estimate=_stamp(begun, estimate),
                    ready=_stamp(begun, float(ready)) if ready else "",
                    left=_stamp(begun, float(left)) if left else "",
                ),
            )

    def send(self, message: str) -> str | None:
        """The acknowledgement; None where there is none."""
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
                connection.sendall(b"\x0b" + message.encode() + b"\x1c\r")
                while not answer.endswith(b"\x1c\r"):
                    more = connection.recv(65536)
                    if not more:
                        return None
                    answer += more
        except OSError:
            return None
        return answer.decode()

    def close(self) -> None:
        self._source.close()


def _stamp(begun: datetime, hours: float) -> str:
    return (begun + timedelta(hours=hours)).astimezone(STOCKHOLM).strftime("%Y%m%d%H%M%S")


def _adt(
    trigger: str, control_id: str, stay: str, *, now: str, admitted: str, estimate: str, ready: str, left: str
) -> str:
    pv1 = ["PV1", "1", "I", "MED3^^^"] + [""] * 15 + [stay] + [""] * 16 + ["H" if left else ""] + [""] * 7
    segments = (
        f"MSH|^~\\&|VAS|FJ|ADAPTER|FJ|{now}||ADT^{trigger}|{control_id}|T|2.5.1||||||UNICODE UTF-8",
        f"EVN||{now}",
        f"PID|1||{_PERSON}^^^&1.2.752.129.2.1.3.1&ISO^NNSWE||Norén^Kerstin||||||"
        "Idrottsgatan 1^^Orten^^93132^SE^L^^2482",
        "|".join([*pv1, admitted, left]),
        f"PV2|||||||||{estimate}",
        f"ZSV|J|{admitted}|{ready}|{'Läkare' if ready else ''}",
    )
    return "\r".join(segments) + "\r"
