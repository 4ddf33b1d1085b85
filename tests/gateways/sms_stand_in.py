"""Stands in for Aliyun, Tencent and a bank's own SMS gateway: a process that checks signatures with its own code.

`python -m tests.gateways.sms_stand_in PORT`. A test tells it over /control how to answer next and reads over /seen what
came over the wire. Written from the platforms' descriptions of their signatures, without a line of their SDKs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

KEY, SECRET = "AKIDkuanxintest", "a-secret-for-tests-only"
STATE: dict = {"how": [], "seen": [], "sent": [], "nonces": set()}
MOST_SECONDS_OLD = 300


class Forged(Exception):
    """The request is not signed by who it says."""


def aliyun_text(method: str, params: dict[str, str]) -> str:
    """Version 1.0: every parameter but the signature, sorted, percent-encoded by RFC 3986."""
    pairs = sorted((k, v) for k, v in params.items() if k != "Signature")
    canonical = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
    return f"{method}&%2F&{quote(canonical, safe='-_.~')}"


def aliyun_signature(method: str, params: dict[str, str]) -> str:
    """HMAC-SHA1 with "secret&"."""
    text = aliyun_text(method, params).encode()
    return base64.b64encode(hmac.new(f"{SECRET}&".encode(), text, hashlib.sha1).digest()).decode()


def check_aliyun(method: str, params: dict[str, str]) -> None:
    age = (
        time.time()
        - datetime.strptime(params["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    )
    if params["AccessKeyId"] != KEY:
        raise Forged("InvalidAccessKeyId.NotFound")
    if not hmac.compare_digest(params["Signature"], aliyun_signature(method, params)):
        raise Forged("SignatureDoesNotMatch")
    if abs(age) > MOST_SECONDS_OLD or params["SignatureNonce"] in STATE["nonces"]:
        raise Forged("SignatureNonceUsed")
    STATE["nonces"].add(params["SignatureNonce"])


def check_tencent(headers: dict[str, str], body: bytes) -> None:
    """TC3-HMAC-SHA256 over method, path, the signed headers and the hash of the body."""
    stamp = int(headers["x-tc-timestamp"])
    day = datetime.fromtimestamp(stamp, timezone.utc).strftime("%Y-%m-%d")
    scheme, _, rest = headers["authorization"].partition(" ")
    said = dict(part.strip().split("=", 1) for part in rest.split(","))
    names = said["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            *(f"{n}:{headers[n].strip()}" for n in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/sms/tc3_request"
    text = "\n".join([scheme, str(stamp), scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"TC3{SECRET}".encode()
    for part in (day, "sms", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if scheme != "TC3-HMAC-SHA256" or said["Credential"] != f"{KEY}/{scope}":
        raise Forged("AuthFailure.SecretIdNotFound")
    if {"content-type", "host"} - set(names) or not hmac.compare_digest(said["Signature"], expected):
        raise Forged("AuthFailure.SignatureFailure")
    if abs(time.time() - stamp) > MOST_SECONDS_OLD:
        raise Forged("AuthFailure.SignatureExpire")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.handle_one()

    do_POST = do_PUT = do_GET

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path)
        if path.path == "/control":
            STATE.update(how=json.loads(body), seen=[], sent=[])
            return self.answer(200, {})
        if path.path == "/seen":
            return self.answer(200, {"seen": STATE["seen"], "sent": STATE["sent"]})
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": path.path, "body": body.decode(), "signed": ""}
        STATE["seen"].append(seen)
        how = STATE["how"].pop(0) if STATE["how"] else {}
        if "x-tc-action" in headers:
            return self.tencent(headers, body, how, seen)
        if path.path.startswith("/messages/"):
            return self.own(path.path.removeprefix("/messages/"), headers, body, how, seen)
        return self.aliyun(
            dict(parse_qsl(path.query, keep_blank_values=True)) | dict(parse_qsl(body.decode())), how, seen
        )

    # Behaviours, in the order of the list given to /control: {"lose": true} does the work and drops the connection,
    # {"code": …} refuses with that code, {"status": 503} answers so, {"text": …} answers something else.

    def aliyun(self, params: dict[str, str], how: dict, seen: dict) -> None:
        seen["params"] = params
        try:
            check_aliyun(self.command, params)
            seen["signed"] = "yes"
        except Forged as forged:
            said = f"server string to sign is:{aliyun_text(self.command, params)}"
            return self.answer(400, {"Code": str(forged), "Message": said, "RequestId": "1"})
        if "status" in how or "text" in how:
            return self.broken(how)
        if "code" in how:
            return self.answer(200, {"Code": how["code"], "Message": "no", "RequestId": "1"})
        if params["Action"] == "SendSms":
            STATE["sent"].append(params["OutId"])
            if how.get("lose"):
                return self.drop()
            return self.answer(
                200, {"Code": "OK", "Message": "OK", "BizId": f"BIZ-{len(STATE['sent'])}", "RequestId": "1"}
            )
        page, size = int(params["CurrentPage"]), int(params["PageSize"])
        listed = [{"OutId": f"other-{n}", "SendStatus": 3} for n in range(how.get("others", 0))]
        listed += [{"OutId": one, "SendStatus": 1} for one in STATE["sent"]]
        part = listed[(page - 1) * size : page * size]
        return self.answer(
            200,
            {
                "Code": "OK",
                "TotalCount": len(listed),
                "SmsSendDetailDTOs": {"SmsSendDetailDTO": part},
                "RequestId": "1",
            },
        )

    def tencent(self, headers: dict[str, str], body: bytes, how: dict, seen: dict) -> None:
        params = seen["params"] = json.loads(body)
        seen["action"], seen["version"] = headers["x-tc-action"], headers["x-tc-version"]
        try:
            check_tencent(headers, body)
            seen["signed"] = "yes"
        except Forged as forged:
            return self.answer(
                200, {"Response": {"Error": {"Code": str(forged), "Message": "forged"}, "RequestId": "1"}}
            )
        if "status" in how or "text" in how:
            return self.broken(how)
        if "error" in how:
            return self.answer(200, {"Response": {"Error": {"Code": how["error"], "Message": "no"}, "RequestId": "1"}})
        if headers["x-tc-action"] == "SendSms":
            state = {
                "SerialNo": "",
                "PhoneNumber": params["PhoneNumberSet"][0],
                "Fee": 0,
                "Message": "",
                "IsoCode": "CN",
            }
            if "code" in how:
                state["Code"] = how["code"]
            else:
                STATE["sent"].append(params["SessionContext"])
                state.update(Code="Ok", SerialNo=f"SN-{len(STATE['sent'])}", SessionContext=params["SessionContext"])
            if how.get("lose"):
                return self.drop()
            return self.answer(200, {"Response": {"SendStatusSet": [state], "RequestId": "1"}})
        told = [] if how.get("silent") else STATE["sent"]
        states = [
            {
                "SerialNo": f"SN-{n}",
                "SessionContext": one,
                "ReportStatus": "SUCCESS",
                "PhoneNumber": params["PhoneNumber"],
            }
            for n, one in enumerate(told, 1)
        ]
        return self.answer(200, {"Response": {"PullSmsSendStatusSet": states, "RequestId": "1"}})

    def own(self, id: str, headers: dict[str, str], body: bytes, how: dict, seen: dict) -> None:
        if not hmac.compare_digest(headers.get("authorization", ""), f"Bearer {SECRET}"):
            return self.answer(401, {"type": "unauthorized"})
        seen["signed"] = "yes"
        if "status" in how or "text" in how:
            return self.broken(how)
        if self.command == "PUT":
            if "code" in how:
                return self.answer(422, {"type": how["code"]})
            if id not in STATE["sent"]:
                STATE["sent"].append(id)
            return self.drop() if how.get("lose") else self.answer(202, {"receipt": f"OWN-{id[:6]}"})
        if id in STATE["sent"]:
            return self.answer(200, {"receipt": f"OWN-{id[:6]}"})
        return self.answer(404, {"type": "message-not-found"})

    def broken(self, how: dict) -> None:
        self.answer(how.get("status", 200), how.get("text", {"Code": "isp.SYSTEM_ERROR", "Message": "down"}))

    def drop(self) -> None:
        self.close_connection = True
        self.connection.close()

    def answer(self, status: int, data: object) -> None:
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None: ...


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
