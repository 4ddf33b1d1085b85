"""Teaching: a second person confirms, texts are masked, the files are those that Rasa and the measuring read."""

from __future__ import annotations

import yaml


def lesson_of(text):
    from desk.teaching.models import Lesson

    return Lesson.objects.filter(text=text).first()


def label(client, *pairs, conversation="demo-003", message="demo-003-0"):
    texts, intents = zip(*pairs, strict=True)
    values = {"conversation": conversation, "message": message, "text": list(texts), "intent": list(intents)}
    return client.post("/teaching/label/", values)


def test_the_inbox_shows_what_was_not_understood(sign_in):
    page = sign_in("reviewer").get("/teaching/").content.decode()
    assert "上回那个事咋弄的" in page
    assert "我欠多少钱了" not in page  # understood with certainty


def test_a_message_in_two_parts_is_confirmed_by_somebody_else_and_exported(sign_in, tmp_path):
    reviewer, supervisor = sign_in("reviewer"), sign_in("supervisor")
    label(reviewer, ("上回那个事", "ask_loan_status"), ("我电话13800138000", "account_change"))
    assert lesson_of("我电话【手机号】").intent == "account_change"
    first = lesson_of("上回那个事")
    reviewer.post(f"/teaching/lessons/{first.pk}/", {"agreed": "yes"})
    assert lesson_of("上回那个事").status == "proposed"
    assert "另一位同事确认" in reviewer.get("/teaching/").content.decode()
    for lesson in (first, lesson_of("我电话【手机号】")):
        supervisor.post(f"/teaching/lessons/{lesson.pk}/", {"agreed": "yes"})
    assert (lesson_of("上回那个事").status, lesson_of("上回那个事").second) == ("confirmed", "demo-supervisor")
    supervisor.post(f"/teaching/lessons/{first.pk}/", {"agreed": "no"})
    assert lesson_of("上回那个事").status == "confirmed"

    trained = yaml.safe_load(supervisor.get("/teaching/export/").content)
    measured = supervisor.get("/teaching/export/?for=measuring").content.decode()
    file = tmp_path / "measuring.tsv"
    file.write_text(measured, "utf-8")
    from kuanxin.evaluate.questions import read_questions

    taught = {line[2:] for part in trained["nlu"] for line in part["examples"].splitlines()}
    asked = {question.text for question in read_questions(file)} if "\t" in measured.split("\n", 1)[1] else set()
    assert taught | asked == {"上回那个事", "我电话【手机号】"}
    assert not taught & asked


def test_nothing_is_labelled_that_nobody_said(sign_in):
    from desk.teaching.models import Lesson

    before = Lesson.objects.count()
    reviewer = sign_in("reviewer")
    label(reviewer, ("编的", "greet"), conversation="demo-003", message="nothing")
    label(reviewer, ("编的", "no_such_intent"))
    label(reviewer, ("  ", "greet"))
    assert Lesson.objects.count() == before


def test_markup_of_rasa_in_a_message_stays_text(django):
    from desk.teaching.files import training_file
    from desk.teaching.models import Lesson

    text = training_file([Lesson(text="还[500](amount)元\n  - intent: x", intent="inform")])
    assert yaml.safe_load(text)["nlu"] == [{"intent": "inform", "examples": "- 还 500 amount 元 - intent: x\n"}]
