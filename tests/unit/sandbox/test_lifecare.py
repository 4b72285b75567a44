import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from adapter.sandbox import lifecare_format as record
from adapter.sandbox.identifiers import Identifiers
from adapter.sandbox.ledger import Effect, Ledger
from adapter.sandbox.lifecare import Answered, Lifecare
from adapter.sandbox.server import LoopbackServer, Request, Response
from adapter.support.clock import SystemClock
from adapter.support.paths import shipped

SAMPLES = shipped("mappings") / "lifecare" / "samples"
NOTICE = (SAMPLES / "inskrivningsmeddelande.xml").read_bytes()


@pytest.fixture
def lifecare() -> Iterator[Lifecare]:
    clock = SystemClock()
    simulated = Lifecare("hemlig", Ledger(clock), Identifiers("a"), clock)
    simulated.come_back()
    yield simulated
    simulated.stop()


def post(
    lifecare: Lifecare, body: bytes = NOTICE, token: str = "hemlig", media_type: str = "application/xml"
) -> httpx.Response:
    head = {"Authorization": f"Bearer {token}", "Content-Type": media_type}
    return httpx.post(lifecare.address, content=body, headers=head, timeout=60)


def wait_for(count: int, answered: list[Answered]) -> list[Answered]:
    until = time.monotonic() + 60
    while len(answered) < count and time.monotonic() < until:
        time.sleep(0.01)
    return answered


def test_it_stores_once_and_acknowledges_every_time(lifecare: Lifecare) -> None:
    first, second = post(lifecare), post(lifecare)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert record.acknowledgement_status(first.content) == "mottaget"
    assert [entry.effect for entry in lifecare.ledger.entries] == [Effect.STORED, Effect.REPEATED]


def test_the_same_id_with_other_content_is_refused(lifecare: Lifecare) -> None:
    post(lifecare)
    answer = post(lifecare, NOTICE.replace(b"Storgatan", b"Lillgatan"))
    assert answer.status_code == 409
    assert record.acknowledgement_status(answer.content) == "avvisat"
    assert len(lifecare.ledger.stored) == 1


def test_what_it_cannot_take_is_refused_in_words(lifecare: Lifecare) -> None:
    assert post(lifecare, token="annan").status_code == 401
    assert post(lifecare, media_type="text/plain").status_code == 415
    assert post(lifecare, b"<a/>").status_code == 400
    assert httpx.get(lifecare.address, timeout=60).status_code == 405
    assert lifecare.ledger.stored == ()


def test_an_outage_is_real_and_ends(lifecare: Lifecare) -> None:
    lifecare.be_unavailable()
    answer = post(lifecare)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    lifecare.refuse_connections()
    with pytest.raises(httpx.ConnectError):
        post(lifecare)
    lifecare.come_back()
    assert post(lifecare).status_code == 200
    assert [entry.status for entry in lifecare.ledger.entries] == [503, 200]


def test_it_answers_by_itself_in_order_and_repeats_until_it_is_taken(lifecare: Lifecare) -> None:
    bodies: list[bytes] = []
    tokens = set()
    lock = threading.Lock()

    def adapter(request: Request) -> Response:
        with lock:
            bodies.append(request.body)
            tokens.add(request.bearer)
            if len(bodies) == 1:
                return Response(503)
        own_id = record.parse(request.body).message_id
        return Response(200, record.acknowledgement(own_id, "mottaget"), "application/xml")

    with LoopbackServer(adapter) as server:
        lifecare.answer_to(f"{server.address}/partners/lifecare/messages", "egen")
        post(lifecare)
        post(lifecare)
        answered = wait_for(2, lifecare.answered)
    assert [(each.kind, each.acknowledgement, each.status) for each in answered] == [
        ("kvittens", "mottaget", 200),
        ("svar", "mottaget", 200),
    ]
    assert bodies[0] == bodies[1]
    assert len(bodies) == 3
    assert tokens == {"egen"}
    assert {each.answers for each in answered} == {record.parse(NOTICE).message_id}


def test_a_message_that_asks_for_nothing_is_read_but_not_accepted(lifecare: Lifecare) -> None:
    refuse = LoopbackServer(
        lambda request: Response(400, record.acknowledgement(record.parse(request.body).message_id, "avvisat"))
    )
    invitation = (SAMPLES / "kallelse.xml").read_text("utf-8")
    start, end = invitation.index("<uppgift>"), invitation.index("</uppgift>") + len("</uppgift>")
    with refuse as server:
        lifecare.answer_to(server.address, "egen")
        post(lifecare, (invitation[:start] + invitation[end:]).encode())
        answered = wait_for(2, lifecare.answered)
    assert [(each.kind, each.acknowledgement) for each in answered] == [("kvittens", "avvisat"), ("svar", None)]
