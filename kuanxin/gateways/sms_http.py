"""SMS through a gateway of the bank's own, over HTTP: PUT and GET /messages/{id}. docs/integration/sms.md"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kuanxin.gateways.calls import Caller, Limits, NotCalled, Unreachable
from kuanxin.notices.ports import Accepted, Refused, Unknown

if TYPE_CHECKING:
    import requests

    from kuanxin.notices.ports import Message, Outcome, Wording

ONCE = Limits(read=5.0, whole=8.0, attempts=1)  # whether it goes out again is decided by the outbox


class HttpCarrier:
    """The id is the idempotency key: a gateway that keeps the contract sends one SMS however often it is put."""

    def __init__(
        self, url: str, token: str, wording: Wording = "full", session: requests.Session | None = None
    ) -> None:
        self.wording = wording
        self._caller = Caller(url, token, session, ONCE)

    def send(self, message: Message) -> Outcome:
        body = {"to": message.address, "text": message.text, "kind": message.kind}
        try:
            answer = self._caller.call("PUT", f"/messages/{message.id}", body)
        except NotCalled as fault:
            return Refused(str(fault), again=True)
        except Unreachable as fault:
            return Unknown(str(fault))
        if answer.status in (200, 201, 202):
            return Accepted(_receipt(answer.data))
        # a wrong token or address is the operator's to mend; a refused text stays refused
        return Refused(f"answered {answer.status}", again=answer.status in (401, 403, 404, 405))

    def ask(self, message: Message) -> Outcome:
        try:
            answer = self._caller.call("GET", f"/messages/{message.id}")
        except Unreachable as fault:
            return Unknown(str(fault))
        if answer.status == 200:
            return Accepted(_receipt(answer.data))
        unknown_there = isinstance(answer.data, dict) and answer.data.get("type") == "message-not-found"
        if answer.status == 404 and unknown_there:  # any other 404 is a wrong address
            return Refused("never came there", again=True)
        return Unknown(f"answered {answer.status}")


def _receipt(data: object) -> str:
    receipt = data.get("receipt") if isinstance(data, dict) else None
    return receipt[:128] if isinstance(receipt, str) else ""
