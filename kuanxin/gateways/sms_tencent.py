"""SMS through Tencent Cloud (腾讯云短信, 2021-01-11) by its official SDK, which requirements-sms.txt brings.

Only templates that Tencent approved go out, so the wording is neutral and the values of the gaps travel alone, in the
order of the text.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from kuanxin.gateways.numbers import mainland
from kuanxin.notices.ports import Accepted, Refused, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kuanxin.notices.ports import Message, Outcome, Wording

URL = "https://sms.tencentcloudapi.com"
REGION = "ap-guangzhou"
SECONDS = 8
LOOK_BACK_SECONDS = 60  # the two clocks may differ
_AGAIN = (
    "LimitExceeded",
    "RequestLimitExceeded",
    "FailedOperation.InsufficientBalanceInSmsPackage",
    "FailedOperation.AccountNotExist",
    "AuthFailure",
    "UnauthorizedOperation",
)
# the classes of a clear no; all else (InternalError, broken connections, what the SDK stumbled over) is none
_NO = (
    "AuthFailure",
    "FailedOperation",
    "InvalidAction",
    "InvalidParameter",
    "LimitExceeded",
    "MissingParameter",
    "RequestLimitExceeded",
    "ResourceNotFound",
    "UnauthorizedOperation",
    "UnknownParameter",
    "UnsupportedOperation",
    "UnsupportedRegion",
)


class TencentCarrier:
    """`templates`: the id of the approved template of each kind; a kind without one is refused."""

    wording: Wording = "neutral"

    def __init__(self, key: str, secret: str, app: str, sign: str, templates: Mapping[str, str], url: str = "") -> None:
        place = urlsplit(url or URL)
        # without a retryer or a second region: either would send a second SMS where the first answer was lost
        http = HttpProfile(protocol=place.scheme, endpoint=place.netloc, reqTimeout=SECONDS)
        self._client = SmsClient(Credential(key, secret), REGION, ClientProfile(httpProfile=http))
        self._client.request.conn._session.max_redirects = 0  # one would carry numbers to another host
        self._app = app
        self._sign = sign
        self._templates = templates
        logging.getLogger("tencentcloud_sdk_common").setLevel(logging.CRITICAL)  # quotes requests, numbers included

    def send(self, message: Message) -> Outcome:
        template = self._templates.get(message.kind)
        if template is None:
            return Refused("no template")
        request = models.SendSmsRequest()
        request.PhoneNumberSet = [_number(message)]
        request.SmsSdkAppId = self._app
        request.SignName = self._sign
        request.TemplateId = template
        request.TemplateParamSet = list(message.values.values())
        request.SessionContext = message.id
        answer = self._call(self._client.SendSms, request)
        if isinstance(answer, (Refused, Unknown)):
            return answer
        states = answer.SendStatusSet or []
        if len(states) != 1 or not states[0].Code:
            return Unknown("an answer that is not by the contract")
        return Accepted(states[0].SerialNo or "") if states[0].Code == "Ok" else _refused(states[0].Code)

    def ask(self, message: Message) -> Outcome:
        """Tencent tells of a message only once the operator did, and by our id only where that is enabled: what is
        found there was sent; what is not found may have been."""
        if message.tried_at is None:
            return Unknown("never tried")
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        request.PhoneNumber = _number(message)
        request.SmsSdkAppId = self._app
        request.BeginTime = int(message.tried_at.timestamp()) - LOOK_BACK_SECONDS
        request.Offset, request.Limit = 0, 100
        answer = self._call(self._client.PullSmsSendStatusByPhoneNumber, request)
        if isinstance(answer, (Refused, Unknown)):
            return Unknown(answer.reason)
        found = [one for one in answer.PullSmsSendStatusSet or [] if one.SessionContext == message.id]
        return Accepted(found[0].SerialNo or "") if found else Unknown("not told yet")

    def _call(self, call: Any, request: Any) -> Any:
        try:
            return call(request)
        except TencentCloudSDKException as fault:
            return _refused(fault.get_code() or "")
        except (ValueError, TypeError, KeyError):
            return Unknown("an answer that is not by the contract")


def _number(message: Message) -> str:
    return f"+86{mainland(message.address)}"


def _refused(code: str) -> Refused | Unknown:
    if not code.startswith(_NO):
        return Unknown(code or "no code")
    return Refused(code, again=code.startswith(_AGAIN))
