"""SMS through Aliyun (阿里云短信服务, Dysmsapi 2017-05-25) by its official SDK, which requirements-sms.txt brings.

The older of the two SDKs: the newer one needs an APScheduler that Rasa does not bear.
Only templates that Aliyun approved go out, so the wording is neutral and the values of the gaps travel alone.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkdysmsapi.request.v20170525.QuerySendDetailsRequest import QuerySendDetailsRequest
from aliyunsdkdysmsapi.request.v20170525.SendSmsRequest import SendSmsRequest

from kuanxin.gateways.numbers import mainland
from kuanxin.notices.ports import Accepted, Refused, Unknown
from kuanxin.servicing.wire import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kuanxin.notices.ports import Message, Outcome, Wording

URL = "https://dysmsapi.aliyuncs.com"
REGION = "cn-hangzhou"
PAGE = 50
MOST_PAGES = 20
# said before anything is sent, and another answer may come: too fast, no money left, the account not (yet) right
_AGAIN = (
    "isv.BUSINESS_LIMIT_CONTROL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
    "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL",
    "isv.DAY_LIMIT_CONTROL",
    "isv.MONTH_LIMIT_CONTROL",
    "isp.RAM_PERMISSION_DENY",
    "Throttling",
    "InvalidAccessKey",
    "SignatureDoesNotMatch",
    "Forbidden",
)
_NOBODY_KNOWS = ("isp.SYSTEM_ERROR", "isp.GATEWAY_TIMEOUT", "SDK.")


class AliyunCarrier:
    """`templates`: the code of the approved template of each kind; a kind without one is refused."""

    wording: Wording = "neutral"

    def __init__(self, key: str, secret: str, sign: str, templates: Mapping[str, str], url: str = "") -> None:
        place = urlsplit(url or URL)
        self._sign = sign
        self._templates = templates
        self._host, self._scheme = place.hostname, place.scheme
        port = place.port or (443 if place.scheme == "https" else 80)
        # its own retries would send a second SMS where the first answer was lost
        self._client = AcsClient(key, secret, REGION, auto_retry=False, port=port, connect_timeout=3, timeout=8)
        logging.getLogger("aliyunsdkcore").setLevel(logging.CRITICAL)  # its messages quote requests, numbers included

    def send(self, message: Message) -> Outcome:
        template = self._templates.get(message.kind)
        if template is None:
            return Refused("no template")
        request = SendSmsRequest()
        request.set_PhoneNumbers(mainland(message.address))
        request.set_SignName(self._sign)
        request.set_TemplateCode(template)
        request.set_OutId(message.id)
        if message.values:
            request.set_TemplateParam(json.dumps(dict(message.values), ensure_ascii=False))
        answer = self._call(request)
        return Accepted(str(answer.get("BizId", ""))) if isinstance(answer, dict) else answer

    def ask(self, message: Message) -> Outcome:
        """Looks through what went to this number on the day of the attempt; Aliyun lists what still waits, too."""
        if message.tried_at is None:
            return Unknown("never tried")
        for page in range(1, MOST_PAGES + 1):
            request = QuerySendDetailsRequest()
            request.set_PhoneNumber(mainland(message.address))
            request.set_SendDate(f"{message.tried_at.astimezone(SHANGHAI):%Y%m%d}")
            request.set_PageSize(PAGE)
            request.set_CurrentPage(page)
            answer = self._call(request)
            if not isinstance(answer, dict):
                return Unknown(answer.reason)
            found = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO")
            if not isinstance(found, list):
                return Unknown("an answer that is not by the contract")
            if any(one.get("OutId") == message.id for one in found):
                return Accepted()
            if page * PAGE >= int(answer.get("TotalCount") or 0):
                return Refused("not among what was sent", again=True)
        return Unknown("too much was sent to this number")

    def _call(self, request: Any) -> dict[str, Any] | Refused | Unknown:
        request.set_endpoint(self._host)
        request.set_protocol_type(self._scheme)
        try:
            answer = json.loads(self._client.do_action_with_exception(request))
        except ServerException as fault:
            if fault.get_http_status() >= 500:
                return Unknown(fault.get_error_code())
            return _refused(fault.get_error_code())
        except ClientException as fault:
            return Unknown(fault.get_error_code())
        except (ValueError, LookupError, AttributeError, TypeError):  # the SDK stumbles over what it does not expect
            return Unknown("an answer that is not by the contract")
        code = answer.get("Code") if isinstance(answer, dict) else None
        if code == "OK":
            return answer
        return _refused(code) if isinstance(code, str) else Unknown("an answer that is not by the contract")


def _refused(code: str) -> Refused | Unknown:
    if code.startswith(_NOBODY_KNOWS):
        return Unknown(code)
    return Refused(code, again=code.startswith(_AGAIN))
