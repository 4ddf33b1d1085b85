"""SMS gateways, over the wire: a stand-in in a process of its own checks what the real one would."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import requests

from kuanxin.bootstrap import sms_carrier
from kuanxin.gateways.notice_folder import FolderCarrier
from kuanxin.gateways.numbers import mainland
from kuanxin.gateways.sms_aliyun import AliyunCarrier
from kuanxin.gateways.sms_callbacks import NotByTheContract, Receipt, receipts, replies
from kuanxin.gateways.sms_http import HttpCarrier
from kuanxin.gateways.sms_tencent import TencentCarrier
from kuanxin.notices.catalogue import Catalogue
from kuanxin.notices.ports import Accepted, Message, Refused, Unknown
from kuanxin.settings import Settings, SettingsError
from tests.gateways.sms_stand_in import KEY, SECRET
from tests.notices.test_catalogue import changed
from tests.notices.world import MONDAY
from tests.services import free_port

MESSAGE = Message(
    id="0123456789abcdef0123456789abcdef",
    kind="reminder",
    borrower_id="B1",
    address="+86 138-0000-0001",
    text="【演示银行】您好，您让我们今天提醒您：12月2日有一件事要办。~*'()&=+%",
    values={"day": "12月2日~*'()&=+%"},
    tried_at=MONDAY,
)
TEMPLATES = {"reminder": "SMS_1"}


class StandIn:
    def __init__(self, url: str) -> None:
        self.url = url

    def answers(self, *how: dict) -> None:
        requests.post(f"{self.url}/control", json=list(how), timeout=5)

    @property
    def seen(self) -> list[dict]:
        return requests.get(f"{self.url}/seen", timeout=5).json()["seen"]

    @property
    def sent(self) -> list[str]:
        return requests.get(f"{self.url}/seen", timeout=5).json()["sent"]


@pytest.fixture(scope="module")
def process():
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.gateways.sms_stand_in", str(port)])
    stand_in = StandIn(f"http://127.0.0.1:{port}")
    for _ in range(200):
        try:
            stand_in.answers()
            break
        except requests.ConnectionError:
            assert process.poll() is None
            time.sleep(0.05)
    yield stand_in
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def stand_in(process: StandIn) -> StandIn:
    process.answers()
    return process


def aliyun(url: str, secret: str = SECRET) -> AliyunCarrier:
    return AliyunCarrier(KEY, secret, "演示银行", TEMPLATES, url)


def tencent(url: str, secret: str = SECRET) -> TencentCarrier:
    return TencentCarrier(KEY, secret, "1400006666", "演示银行", TEMPLATES, url)


def http(url: str, secret: str = SECRET) -> HttpCarrier:
    return HttpCarrier(url, secret)


MAKE = {"aliyun": aliyun, "tencent": tencent, "http": http}
every = pytest.mark.parametrize("name", list(MAKE))


# -- on the wire ------------------------------------------------------------------------------------------------------


def test_aliyun_on_the_wire(stand_in: StandIn) -> None:
    assert aliyun(stand_in.url).send(MESSAGE) == Accepted("BIZ-1")
    (seen,) = stand_in.seen
    params = seen["params"]
    assert seen["signed"] == "yes"
    assert seen["method"] == "POST"
    assert {
        name: params[name] for name in ("Action", "Version", "PhoneNumbers", "SignName", "TemplateCode", "OutId")
    } == {
        "Action": "SendSms",
        "Version": "2017-05-25",
        "PhoneNumbers": "13800000001",
        "SignName": "演示银行",
        "TemplateCode": "SMS_1",
        "OutId": MESSAGE.id,
    }
    assert json.loads(params["TemplateParam"]) == MESSAGE.values
    assert MESSAGE.text not in str(seen)  # the text itself is the template's


def test_tencent_on_the_wire(stand_in: StandIn) -> None:
    assert tencent(stand_in.url).send(MESSAGE) == Accepted("SN-1")
    (seen,) = stand_in.seen
    assert (seen["signed"], seen["action"], seen["version"]) == ("yes", "SendSms", "2021-01-11")
    assert seen["params"] == {
        "PhoneNumberSet": ["+8613800000001"],
        "SmsSdkAppId": "1400006666",
        "SignName": "演示银行",
        "TemplateId": "SMS_1",
        "TemplateParamSet": ["12月2日~*'()&=+%"],
        "SessionContext": MESSAGE.id,
    }


def test_http_on_the_wire(stand_in: StandIn) -> None:
    assert http(stand_in.url).send(MESSAGE) == Accepted("OWN-012345")
    (seen,) = stand_in.seen
    assert (seen["method"], seen["path"]) == ("PUT", f"/messages/{MESSAGE.id}")
    assert json.loads(seen["body"]) == {"to": MESSAGE.address, "text": MESSAGE.text, "kind": "reminder"}


# -- answers ----------------------------------------------------------------------------------------------------------


@every
def test_a_wrong_secret_is_found_out_and_the_notice_waits(stand_in: StandIn, name: str) -> None:
    outcome = MAKE[name](stand_in.url, "another-secret").send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.again
    assert stand_in.sent == []


@every
def test_a_lost_answer_is_unknown_asked_for_and_sent_once(stand_in: StandIn, name: str) -> None:
    carrier = MAKE[name](stand_in.url)
    stand_in.answers({"lose": True})
    assert isinstance(carrier.send(MESSAGE), Unknown)
    assert stand_in.sent == [MESSAGE.id]  # no retry of the SDK sent it again
    assert isinstance(carrier.ask(MESSAGE), Accepted)
    assert all(seen["signed"] == "yes" for seen in stand_in.seen)


@every
def test_what_never_came_there_may_go_again_where_the_gateway_can_tell(stand_in: StandIn, name: str) -> None:
    outcome = MAKE[name](stand_in.url).ask(MESSAGE)
    if name == "tencent":  # it tells only of what the operator reported
        assert isinstance(outcome, Unknown)
    else:
        assert isinstance(outcome, Refused)
        assert outcome.again


BROKEN = ({"status": 500}, {"status": 503}, {"text": "<html>proxy</html>"}, {"text": "[]"})


@pytest.mark.parametrize(
    ("name", "how"),
    # a gateway of one's own need not give a number: any JSON with the right status is a yes
    [(name, how) for name in MAKE for how in BROKEN if (name, how.get("text")) != ("http", "[]")],
)
def test_whatever_is_no_clear_answer_is_unknown(stand_in: StandIn, name: str, how: dict) -> None:
    carrier = MAKE[name](stand_in.url)
    stand_in.answers(how, how)
    assert isinstance(carrier.send(MESSAGE), Unknown)
    assert isinstance(carrier.ask(MESSAGE), Unknown)


@every
def test_nobody_there_is_unknown(name: str) -> None:
    assert isinstance(MAKE[name](f"http://127.0.0.1:{free_port()}").send(MESSAGE), Unknown)


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", True),
        ("isv.AMOUNT_NOT_ENOUGH", True),
        ("isv.SMS_TEMPLATE_ILLEGAL", False),
        ("isv.MOBILE_NUMBER_ILLEGAL", False),
        ("isp.SYSTEM_ERROR", None),
    ],
)
def test_refusals_of_aliyun(stand_in: StandIn, code: str, again: bool | None) -> None:
    stand_in.answers({"code": code})
    assert aliyun(stand_in.url).send(MESSAGE) == (Unknown(code) if again is None else Refused(code, again))


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("LimitExceeded.PhoneNumberDailyLimit", True),
        ("FailedOperation.InsufficientBalanceInSmsPackage", True),
        ("FailedOperation.TemplateIncorrectOrUnapproved", False),
        ("InvalidParameterValue.IncorrectPhoneNumber", False),
        ("InternalError.Timeout", None),
    ],
)
def test_refusals_of_tencent(stand_in: StandIn, code: str, again: bool | None) -> None:
    expected = Unknown(code) if again is None else Refused(code, again)
    stand_in.answers({"code": code}, {"error": code})
    assert tencent(stand_in.url).send(MESSAGE) == expected
    assert tencent(stand_in.url).send(MESSAGE) == expected


def test_refusals_of_ones_own(stand_in: StandIn) -> None:
    stand_in.answers({"code": "text-not-allowed"}, {"status": 429})
    assert http(stand_in.url).send(MESSAGE) == Refused("answered 422")
    assert isinstance(http(stand_in.url).send(MESSAGE), Unknown)


def test_a_gateway_that_is_left_alone_after_failures_was_certainly_not_reached() -> None:
    carrier = http(f"http://127.0.0.1:{free_port()}")
    outcomes = [carrier.send(MESSAGE) for _ in range(7)]
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 5 + [Refused] * 2
    assert outcomes[-1].again


def test_aliyun_is_asked_page_by_page(stand_in: StandIn) -> None:
    carrier = aliyun(stand_in.url)
    carrier.send(MESSAGE)
    assert stand_in.sent == [MESSAGE.id]
    others = {"others": 120}
    stand_in.answers({}, others, others, others)
    carrier.send(MESSAGE)
    assert carrier.ask(MESSAGE) == Accepted()
    assert [seen["params"].get("CurrentPage") for seen in stand_in.seen] == [None, "1", "2", "3"]


def test_tencent_that_has_not_heard_yet(stand_in: StandIn) -> None:
    stand_in.answers({}, {"silent": True})
    carrier = tencent(stand_in.url)
    carrier.send(MESSAGE)
    assert carrier.ask(MESSAGE) == Unknown("not told yet")


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_a_kind_without_a_template_is_refused(stand_in: StandIn, name: str) -> None:
    other = Message("1" * 32, "overdue", "B1", "13800000001", "…")
    assert MAKE[name](stand_in.url).send(other) == Refused("no template")
    assert stand_in.seen == []


def test_clouds_get_the_neutral_wording_and_a_line_of_ones_own_the_full_one(stand_in: StandIn) -> None:
    assert [MAKE[name](stand_in.url).wording for name in ("aliyun", "tencent", "http")] == [
        "neutral",
        "neutral",
        "full",
    ]


# -- folder -----------------------------------------------------------------------------------------------------------


def test_the_folder_keeps_one_file_for_each(tmp_path) -> None:
    carrier = FolderCarrier(tmp_path / "outbox")
    assert carrier.ask(MESSAGE) == Refused("not in the folder", again=True)
    assert carrier.send(MESSAGE) == carrier.send(MESSAGE) == carrier.ask(MESSAGE) == Accepted()
    (file,) = (tmp_path / "outbox").iterdir()
    assert json.loads(file.read_text("utf-8"))["text"] == MESSAGE.text


def test_a_folder_that_cannot_be_written_is_a_refusal_for_now(tmp_path) -> None:
    (tmp_path / "outbox").write_text("a file in its place")
    outcome = FolderCarrier(tmp_path / "outbox").send(MESSAGE)
    assert isinstance(outcome, Refused)
    assert outcome.again


# -- numbers, callbacks, settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["13800000001", "+8613800000001", "86 138 0000 0001", "138-0000-0001"])
def test_numbers(written: str) -> None:
    assert mainland(written) == "13800000001"


def test_receipts() -> None:
    own = b'{"id": "abc", "state": "undelivered", "why": "off"}'
    assert receipts("http", own) == [Receipt(False, "off", id="abc")]
    ali = b'[{"phone_number":"13800000001","success":true,"biz_id":"BIZ-1","out_id":"abc","err_code":"DELIVERED"}]'
    assert receipts("aliyun", ali) == [Receipt(True, "DELIVERED", "abc", "BIZ-1")]
    ten = b'[{"nationcode":"86","mobile":"13800000001","report_status":"FAIL","errmsg":"MK","sid":"SN-1"}]'
    assert receipts("tencent", ten) == [Receipt(False, "MK", receipt="SN-1")]


def test_replies() -> None:
    (own,) = replies("http", '{"id": "7", "from": "13800000001", "text": "退订"}'.encode())
    (ali,) = replies("aliyun", b'[{"phone_number":"13800000001","content":"TD","send_time":"x","sequence_id":9}]')
    (ten,) = replies(
        "tencent",
        b'{"extend":"","mobile":"13800000001","nationcode":"86","sign":"","text":"T","time":1457336869}',
    )
    assert [(one.phone, one.text) for one in (own, ali, ten)] == [("13800000001", text) for text in ("退订", "TD", "T")]
    assert replies("http", '{"id": "7", "from": "13800000001", "text": "退订"}'.encode()) == [own]
    assert len({own.id, ali.id, ten.id}) == 3


@pytest.mark.parametrize("gateway", ["http", "aliyun", "tencent"])
@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[1]", b"<xml/>", b'{"id": 1}', b"[" * 100000])
def test_what_is_no_callback_is_said_so(gateway: str, body: bytes) -> None:
    for read in (receipts, replies):
        with pytest.raises(NotByTheContract):
            read(gateway, body)


CLOUDS = {
    "aliyun": {"sign": "演示银行", "templates": {"reminder": "SMS_1"}},
    "tencent": {"sign": "演示银行", "templates": {}},
}


@pytest.mark.parametrize(
    ("settings", "clouds", "said"),
    [
        ({"sms_gateway": "http"}, {}, "KUANXIN_SMS_URL"),
        ({"sms_gateway": "aliyun"}, CLOUDS, "KUANXIN_SMS_KEY"),
        ({"sms_gateway": "aliyun", "sms_key": "k", "sms_secret": "s"}, {}, "clouds.aliyun"),
        ({"sms_gateway": "tencent", "sms_key": "k", "sms_secret": "s"}, CLOUDS, "KUANXIN_SMS_APP"),
    ],
)
def test_what_is_missing_is_named(tmp_path, settings: dict, clouds: dict, said: str) -> None:
    catalogue = Catalogue.parse(changed("clouds", clouds))
    with pytest.raises(SettingsError, match=said):
        sms_carrier(Settings(var=tmp_path, **settings), catalogue)


def test_an_sdk_that_is_not_installed_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kuanxin.gateways.sms_aliyun", None)
    settings = Settings(var=tmp_path, sms_gateway="aliyun", sms_key="k", sms_secret="s")
    with pytest.raises(SettingsError, match=r"requirements-sms\.txt"):
        sms_carrier(settings, Catalogue.parse(changed("clouds", CLOUDS)))


def test_with_everything_set_the_cloud_carries(tmp_path) -> None:
    catalogue = Catalogue.parse(changed("clouds", CLOUDS))
    aliyuns = Settings(var=tmp_path, sms_gateway="aliyun", sms_key="k", sms_secret="s")
    tencents = Settings(var=tmp_path, sms_gateway="tencent", sms_key="k", sms_secret="s", sms_app="1")
    assert isinstance(sms_carrier(aliyuns, catalogue), AliyunCarrier)
    assert isinstance(sms_carrier(tencents, catalogue), TencentCarrier)
